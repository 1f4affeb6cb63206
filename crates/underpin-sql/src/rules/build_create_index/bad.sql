-- proves: locks ShareLock person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE INDEX person_email_idx ON person (email);
