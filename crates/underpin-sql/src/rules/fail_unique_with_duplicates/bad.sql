-- also: BUILD-CREATE-INDEX, COMPAT-NEW-CONSTRAINT
-- proves: fails 23505
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'a'), (2, 'a');
-- migration
CREATE UNIQUE INDEX person_email_key ON person (email);
