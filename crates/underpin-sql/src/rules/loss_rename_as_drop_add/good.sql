-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, full_name text, age int);
CREATE TABLE pet (id int PRIMARY KEY, call_name text);
-- migration
ALTER TABLE person DROP COLUMN full_name, ADD COLUMN born date;
ALTER TABLE person RENAME COLUMN age TO years;
ALTER TABLE pet ADD COLUMN name text;
UPDATE pet SET name = call_name;
ALTER TABLE pet DROP COLUMN call_name;
