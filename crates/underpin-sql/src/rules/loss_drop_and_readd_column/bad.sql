-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOCK-ACCESS-EXCLUSIVE-METADATA, LOSS-DROP-COLUMN
-- proves: after t: SELECT age IS NULL FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, age text);
INSERT INTO person VALUES (1, '33');
-- migration
ALTER TABLE person DROP COLUMN age, ADD COLUMN age int;
