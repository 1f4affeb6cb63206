-- also: COMPAT-NEW-CONSTRAINT, FAIL-UNIQUE-WITH-DUPLICATES
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD CONSTRAINT person_email_key UNIQUE (email);
