-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOCK-ACCESS-EXCLUSIVE-METADATA, LOSS-DROP-COLUMN
-- facts: {"code": {"person.nick": ["src/profile.ts:14"]}}
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person DROP COLUMN nick;
