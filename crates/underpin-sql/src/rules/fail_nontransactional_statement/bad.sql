-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA, TX-NO-LOCK-TIMEOUT
-- runner: prisma
-- proves: fails 25001
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email text;
VACUUM person;
