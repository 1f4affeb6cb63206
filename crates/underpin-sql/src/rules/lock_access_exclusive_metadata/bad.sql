-- also: COMPAT-CACHED-PLAN
-- proves: locks AccessExclusiveLock person
-- proves: blocks: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN nick text;
