-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: waits: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET lock_timeout = 0;
ALTER TABLE person ADD COLUMN nick text;
RESET lock_timeout;
