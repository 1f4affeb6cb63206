-- proves: waits: SELECT count(*) FROM person
-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE INDEX person_email_idx ON person (email);
-- migration
DROP INDEX CONCURRENTLY person_email_idx;
