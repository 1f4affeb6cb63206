-- proves: after 1: SELECT count(*) FROM pg_stats WHERE tablename = 'person' AND attname = 'email'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'A');
ANALYZE person;
-- migration
CREATE INDEX CONCURRENTLY person_email_idx ON person (email);
