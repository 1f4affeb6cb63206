-- also: COMPAT-CACHED-PLAN, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- proves: breaks 0A000: EXECUTE one
-- given
CREATE TABLE person (id int PRIMARY KEY, n int);
PREPARE one AS SELECT n FROM person;
-- migration
ALTER TABLE person ALTER COLUMN n TYPE bigint;
