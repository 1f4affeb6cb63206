-- proves: answers: SELECT n FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, n varchar(10));
-- migration
ALTER TABLE person ALTER COLUMN n TYPE varchar(20);
