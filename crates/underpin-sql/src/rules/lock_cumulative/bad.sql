-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN a int;
-- migration
ALTER TABLE person ADD COLUMN b int;
