-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE pet (id int PRIMARY KEY, name text);
-- migration
UPDATE pet SET name = lower(name) WHERE name <> lower(name);
ALTER TABLE person ADD COLUMN nick text;
