-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: locks AccessExclusiveLock person
-- proves: breaks 42703: SELECT nick FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person DROP COLUMN nick;
