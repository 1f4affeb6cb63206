-- runner: prisma
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET lock_timeout = '3s';
ALTER TABLE person ADD COLUMN nick text;
RESET lock_timeout;
