-- proves: skips person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text, CONSTRAINT email_given CHECK (email IS NOT NULL));
-- migration
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
