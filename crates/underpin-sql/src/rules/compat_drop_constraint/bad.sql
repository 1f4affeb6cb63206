-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY, age int, CONSTRAINT grown CHECK (age > 17));
-- migration
ALTER TABLE person DROP CONSTRAINT grown;
