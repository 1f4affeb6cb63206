-- proves: answers: INSERT INTO person (id) VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY, state text);
-- migration
ALTER TABLE person ALTER COLUMN state SET DEFAULT 'new';
