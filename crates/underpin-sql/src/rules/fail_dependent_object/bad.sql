-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE
-- proves: fails 0A000
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
CREATE VIEW adult AS SELECT id, age FROM person WHERE age >= 18;
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
