-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TYPE mood AS ENUM ('sad');
