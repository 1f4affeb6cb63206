-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA, TX-DATA-IN-MIGRATION
-- proves: locks AccessExclusiveLock person
-- proves: blocks: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE pet (id int PRIMARY KEY, name text);
-- migration
ALTER TABLE person ADD COLUMN nick text;
UPDATE pet SET name = lower(name) WHERE name <> lower(name);
