-- proves: locks AccessExclusiveLock person
-- proves: breaks 42P01: SELECT id FROM person
-- given
CREATE SCHEMA app;
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person SET SCHEMA app;
