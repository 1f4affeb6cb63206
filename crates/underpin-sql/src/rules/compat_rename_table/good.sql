-- proves: answers: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person RENAME TO people;
CREATE VIEW person AS SELECT * FROM people;
