-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- given
CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL);
-- migration
ALTER TABLE person ALTER COLUMN email DROP NOT NULL;
