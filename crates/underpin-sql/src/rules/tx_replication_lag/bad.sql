-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- facts: {"replicas": 2}
-- proves: logs person
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
INSERT INTO person SELECT i, i FROM generate_series(1, 1000) AS i;
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
