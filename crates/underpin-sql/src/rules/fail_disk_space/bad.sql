-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- facts: {"free_bytes": 1000000000, "tables": {"person": {"bytes": 900000000}}}
-- proves: rewrites person
-- proves: builds person
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
