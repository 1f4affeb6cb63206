-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA, META-ALTER-COLUMN-TYPE
-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY, name text);
-- migration
ALTER TABLE person ALTER COLUMN name TYPE text COLLATE "C";
