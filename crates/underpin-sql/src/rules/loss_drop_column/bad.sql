-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person DROP COLUMN nick;
