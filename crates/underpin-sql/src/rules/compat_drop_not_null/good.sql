-- proves: answers: INSERT INTO person VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email text;
