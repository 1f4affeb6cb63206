-- proves: skips person
-- given
CREATE DOMAIN email AS text;
CREATE TABLE person (id int PRIMARY KEY, email email);
-- migration
ALTER DOMAIN email ADD CONSTRAINT has_at CHECK (VALUE LIKE '%@%') NOT VALID;
