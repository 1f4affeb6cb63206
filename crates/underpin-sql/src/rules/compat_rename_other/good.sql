-- proves: answers: SELECT id FROM person WHERE email = 'a'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE INDEX person_email_idx ON person (email);
-- migration
ALTER INDEX person_email_idx RENAME TO person_email;
