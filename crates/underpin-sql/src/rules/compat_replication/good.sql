-- proves: answers: UPDATE person SET id = 2
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE PUBLICATION shop FOR TABLE person;
-- migration
ALTER TABLE person ADD COLUMN nick text;
