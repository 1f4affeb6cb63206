-- proves: stays f: SELECT to_regclass('pet') IS NOT NULL
-- given
CREATE TABLE person (id int PRIMARY KEY);
DO $$ BEGIN EXECUTE 'CREATE VIEW to' || 'y AS SELECT 1'; END $$;
-- migration
BEGIN;
CREATE TABLE pet (id int PRIMARY KEY);
CREATE TABLE toy (id int PRIMARY KEY);
COMMIT;
