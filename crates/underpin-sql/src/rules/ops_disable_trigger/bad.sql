-- also: LOCK-CREATE-TRIGGER
-- proves: locks ShareRowExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person DISABLE TRIGGER ALL;
