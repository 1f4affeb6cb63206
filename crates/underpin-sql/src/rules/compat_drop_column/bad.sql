-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA, LOSS-DROP-COLUMN
-- proves: breaks 42703: SELECT id, nick FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person DROP COLUMN nick;
