-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, age int, born date);
CREATE VIEW adult AS SELECT id, age FROM person WHERE age >= 18;
-- migration
ALTER TABLE person DROP COLUMN born;
DROP VIEW adult;
ALTER TABLE person ALTER COLUMN age TYPE bigint;
CREATE VIEW adult AS SELECT id, age FROM person WHERE age >= 18;
