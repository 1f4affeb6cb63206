-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: breaks 23502: INSERT INTO person (id) VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY, state text NOT NULL DEFAULT 'new');
-- migration
ALTER TABLE person ALTER COLUMN state DROP DEFAULT;
