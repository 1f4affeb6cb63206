-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- runner: prisma
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN nick text;
