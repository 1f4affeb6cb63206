-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- proves: after 0: SELECT count(*) FROM pg_stats WHERE tablename = 'person_email_lower_idx'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'A');
ANALYZE person;
-- migration
CREATE INDEX CONCURRENTLY person_email_lower_idx ON person (lower(email));
