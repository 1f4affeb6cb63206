-- proves: waits: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE INDEX CONCURRENTLY person_email_idx ON person (email);
