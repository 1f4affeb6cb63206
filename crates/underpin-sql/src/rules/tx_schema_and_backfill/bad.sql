-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA, TX-DATA-IN-MIGRATION, TX-UNBATCHED-BACKFILL
-- proves: locks AccessExclusiveLock person
-- proves: blocks: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN email_lower text;
UPDATE person SET email_lower = lower(email);
