-- given
CREATE TABLE person (id int PRIMARY KEY, full_name text, age int);
-- migration
ALTER TABLE person DROP COLUMN full_name, ADD COLUMN born date;
ALTER TABLE person RENAME COLUMN age TO years;
