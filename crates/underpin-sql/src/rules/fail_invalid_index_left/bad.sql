-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_email_idx ON person (email);
