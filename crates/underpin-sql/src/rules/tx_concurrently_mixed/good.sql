-- proves: stays 0: SELECT count(*) FROM pg_attribute WHERE attrelid = 'person'::regclass AND attname = 'nick'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'a'), (2, 'a');
-- migration
CREATE UNIQUE INDEX CONCURRENTLY person_email_idx ON person (email);
