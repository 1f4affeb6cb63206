-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE INDEX CONCURRENTLY person_email_lower_idx ON person (lower(email));
