-- proves: makes app.person
-- given
CREATE SCHEMA app;
-- migration
CREATE TABLE person (id int PRIMARY KEY);
ALTER TABLE person SET SCHEMA app;
