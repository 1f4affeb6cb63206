-- proves: blocks: INSERT INTO person VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE INDEX person_email_idx ON person (email);
