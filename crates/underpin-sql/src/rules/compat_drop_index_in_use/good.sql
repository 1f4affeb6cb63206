-- facts: {"indexes": {"person_email_idx": {"scans": 0}}}
-- proves: answers: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE INDEX person_email_idx ON person (email);
-- migration
DROP INDEX CONCURRENTLY person_email_idx;
