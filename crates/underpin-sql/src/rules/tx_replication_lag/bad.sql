-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- facts: {"replicas": 2}
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
