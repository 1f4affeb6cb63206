-- proves: spares AccessExclusiveLock app.person
-- given
CREATE SCHEMA app;
CREATE TABLE app.person (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DO $$ BEGIN ALTER TABLE person ADD COLUMN x int; END $$;
