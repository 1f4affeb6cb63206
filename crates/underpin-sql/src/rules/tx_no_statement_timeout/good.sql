-- runner: prisma
-- proves: gives up 57014: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
SET statement_timeout = '100ms';
ALTER TABLE person ALTER COLUMN age TYPE bigint;
RESET statement_timeout;
