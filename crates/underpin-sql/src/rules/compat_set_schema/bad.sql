-- proves: locks AccessExclusiveLock person
-- given
CREATE SCHEMA app;
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person SET SCHEMA app;
