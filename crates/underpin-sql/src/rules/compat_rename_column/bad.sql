-- proves: locks AccessExclusiveLock person
-- proves: breaks 42703: SELECT nick FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person RENAME COLUMN nick TO nickname;
