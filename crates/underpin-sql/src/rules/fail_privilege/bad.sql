-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- facts: {"not_owned": ["person"]}
-- proves: fails 42501
-- given
CREATE TABLE person (id int PRIMARY KEY);
GRANT USAGE ON SCHEMA public TO PUBLIC;
SET ROLE pg_monitor;
-- migration
ALTER TABLE person ADD COLUMN email text;
