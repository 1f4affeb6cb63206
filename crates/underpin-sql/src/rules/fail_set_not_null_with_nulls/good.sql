-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, NULL);
-- migration
UPDATE person SET email = '' WHERE email IS NULL;
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
