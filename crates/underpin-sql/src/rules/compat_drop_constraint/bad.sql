-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: locks AccessExclusiveLock person
-- proves: after 1: WITH i AS (INSERT INTO person VALUES (1, 3) RETURNING 1) SELECT count(*) FROM i
-- given
CREATE TABLE person (id int PRIMARY KEY, age int, CONSTRAINT grown CHECK (age > 17));
-- migration
ALTER TABLE person DROP CONSTRAINT grown;
