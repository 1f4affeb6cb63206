-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE person (id bigint);
