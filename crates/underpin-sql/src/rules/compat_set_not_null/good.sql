-- proves: breaks 23502: INSERT INTO person (id) VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL);
-- migration
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
