-- proves: lets: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text, email_lower text);
-- migration
UPDATE person SET email_lower = lower(email) WHERE id < 1000;
