-- proves: locks AccessExclusiveLock person
-- proves: breaks 42P01: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person RENAME TO people;
