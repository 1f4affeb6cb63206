-- given
CREATE TABLE t (id int PRIMARY KEY, a int, b int);
-- migration
ALTER TABLE t ALTER COLUMN a TYPE bigint, ALTER COLUMN b TYPE bigint;
