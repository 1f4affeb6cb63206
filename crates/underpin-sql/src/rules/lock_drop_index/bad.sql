-- proves: locks AccessExclusiveLock person
-- proves: blocks: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE INDEX person_email_idx ON person (email);
-- migration
DROP INDEX person_email_idx;
