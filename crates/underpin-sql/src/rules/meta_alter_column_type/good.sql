-- proves: rewrites person
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
