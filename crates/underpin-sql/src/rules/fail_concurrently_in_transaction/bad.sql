-- also: BUILD-CREATE-INDEX-CONCURRENTLY, TX-SETTING-LEAKS
-- runner: prisma
-- proves: fails 25001
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
SET statement_timeout = 0;
CREATE INDEX CONCURRENTLY person_email_idx ON person (email);
