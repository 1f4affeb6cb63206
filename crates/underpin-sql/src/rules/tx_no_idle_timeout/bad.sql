-- runner: prisma
-- unproven: it takes a client that dies, and the time of TCP
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
BEGIN;
CREATE TABLE pet (id int PRIMARY KEY);
COMMIT;
