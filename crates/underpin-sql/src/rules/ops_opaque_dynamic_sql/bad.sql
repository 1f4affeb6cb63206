-- also: OPS-DDL-IN-DO-BLOCK
-- proves: locks AccessExclusiveLock app.person
-- given
CREATE SCHEMA app;
CREATE TABLE app.person (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname = 'app' LOOP EXECUTE 'ALTER TABLE app.' || quote_ident(t) || ' ADD COLUMN x int'; END LOOP; END $$;
