-- also: COMPAT-CACHED-PLAN, OPS-UNANALYSED-STATEMENT
-- given
CREATE TABLE person (id int PRIMARY KEY, n int);
-- migration
ALTER TABLE person ALTER COLUMN n TYPE bigint;
