-- runner: prisma
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
SET statement_timeout = '60s';
ALTER TABLE person ALTER COLUMN age TYPE bigint;
RESET statement_timeout;
