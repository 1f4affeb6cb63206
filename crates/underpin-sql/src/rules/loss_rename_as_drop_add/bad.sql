-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOCK-ACCESS-EXCLUSIVE-METADATA, LOSS-DROP-COLUMN
-- proves: after t: SELECT name = '' FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, full_name text NOT NULL DEFAULT '');
INSERT INTO person VALUES (1, 'Ada');
-- migration
ALTER TABLE person DROP COLUMN full_name, ADD COLUMN name text NOT NULL DEFAULT '';
