-- runner: prisma
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET work_mem = '1GB';
CREATE TABLE pet (id int PRIMARY KEY);
RESET work_mem;
