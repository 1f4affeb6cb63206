-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, age int, nick varchar(10));
INSERT INTO person VALUES (1, 2, 'x');
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint, ALTER COLUMN nick TYPE text;
