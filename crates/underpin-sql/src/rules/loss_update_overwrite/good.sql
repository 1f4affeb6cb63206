-- proves: after A@b: SELECT email FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'A@b');
-- migration
ALTER TABLE person ADD COLUMN email_lower text;
UPDATE person SET email_lower = lower(email);
UPDATE person SET email = NULL WHERE email = '';
