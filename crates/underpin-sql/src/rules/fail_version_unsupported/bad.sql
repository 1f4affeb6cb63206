-- also: BUILD-CREATE-INDEX-CONCURRENTLY, COMPAT-NEW-CONSTRAINT, FAIL-UNIQUE-WITH-DUPLICATES
-- server: 14
-- proves: fails 42601 until 15
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE UNIQUE INDEX CONCURRENTLY person_email_key ON person (email) NULLS NOT DISTINCT;
