-- also: BUILD-CREATE-INDEX-CONCURRENTLY, COMPAT-CACHED-PLAN, COMPAT-NEW-CONSTRAINT, FAIL-UNIQUE-WITH-DUPLICATES, LOCK-ACCESS-EXCLUSIVE-METADATA, OPS-NOT-RERUNNABLE
-- proves: stays 1: SELECT count(*) FROM pg_attribute WHERE attrelid = 'person'::regclass AND attname = 'nick'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'a'), (2, 'a');
-- migration
ALTER TABLE person ADD COLUMN nick text;
CREATE UNIQUE INDEX CONCURRENTLY person_email_idx ON person (email);
