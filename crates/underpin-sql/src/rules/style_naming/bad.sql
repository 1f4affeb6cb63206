-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE "User" (id bigint);
