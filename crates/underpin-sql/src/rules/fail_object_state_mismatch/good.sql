-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN IF NOT EXISTS email text;
ALTER TABLE person DROP COLUMN email, ADD COLUMN email int;
