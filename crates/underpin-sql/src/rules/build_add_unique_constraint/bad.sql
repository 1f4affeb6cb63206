-- also: COMPAT-NEW-CONSTRAINT, FAIL-UNIQUE-WITH-DUPLICATES
-- proves: locks AccessExclusiveLock person
-- proves: builds person
-- proves: blocks: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD CONSTRAINT person_email_key UNIQUE (email);
