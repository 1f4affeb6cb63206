-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOSS-DROP-COLUMN
-- given
CREATE TABLE person (id int PRIMARY KEY, age text);
-- migration
ALTER TABLE person DROP COLUMN age, ADD COLUMN age int;
