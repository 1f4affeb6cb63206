-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick varchar(20));
-- migration
ALTER TABLE person ALTER COLUMN nick TYPE text;
