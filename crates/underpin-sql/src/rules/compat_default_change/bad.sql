-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- given
CREATE TABLE person (id int PRIMARY KEY, state text NOT NULL DEFAULT 'new');
-- migration
ALTER TABLE person ALTER COLUMN state DROP DEFAULT;
