-- proves: answers: SELECT id, nick FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text NOT NULL);
-- migration
ALTER TABLE person ALTER COLUMN nick DROP NOT NULL;
