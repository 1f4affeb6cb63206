-- given
CREATE TABLE person (id int PRIMARY KEY, email text NOT NULL);
-- migration
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
