-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: locks AccessExclusiveLock person
-- proves: locks AccessExclusiveLock pet
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE pet (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN a int;
ALTER TABLE pet ADD COLUMN a int;
