-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN email_lower text;
UPDATE person SET email_lower = lower(email);
UPDATE person SET email = NULL WHERE email = '';
