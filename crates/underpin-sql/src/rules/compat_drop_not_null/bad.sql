-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: breaks 23502: INSERT INTO person VALUES (1, NULL); ALTER TABLE person ALTER COLUMN email SET NOT NULL
-- given
CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL);
-- migration
ALTER TABLE person ALTER COLUMN email DROP NOT NULL;
