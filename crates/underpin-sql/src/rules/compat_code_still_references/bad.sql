-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOSS-DROP-COLUMN, OPS-UNANALYSED-STATEMENT
-- facts: {"code": {"person.nick": ["src/profile.ts:14"]}}
-- given
CREATE TABLE person (id int PRIMARY KEY, nick text);
-- migration
ALTER TABLE person DROP COLUMN nick;
