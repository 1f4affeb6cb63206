-- proves: reuses person
-- proves: skips person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE UNIQUE INDEX person_email_key ON person (email);
-- migration
ALTER TABLE person ADD CONSTRAINT person_email_key UNIQUE USING INDEX person_email_key;
