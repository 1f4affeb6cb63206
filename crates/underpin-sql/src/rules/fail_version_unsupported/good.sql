-- server: 15
-- since: 15
-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE UNIQUE INDEX CONCURRENTLY person_email_key ON person (email) NULLS NOT DISTINCT;
