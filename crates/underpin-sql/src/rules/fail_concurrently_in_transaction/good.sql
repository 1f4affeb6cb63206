-- runner: prisma
-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
-- A comment does not matter.
CREATE INDEX CONCURRENTLY person_email_idx ON person (email);
