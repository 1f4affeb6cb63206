-- proves: answers: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN nick text;
ALTER TABLE person RENAME COLUMN nick TO nickname;
