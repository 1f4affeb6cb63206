-- runner: prisma
-- proves: gives up 55P03: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET lock_timeout = '100ms';
ALTER TABLE person ADD COLUMN nick text;
RESET lock_timeout;
