-- runner: prisma
-- proves: after 4MB: SHOW work_mem
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET work_mem = '1GB';
CREATE TABLE pet (id int PRIMARY KEY);
RESET work_mem;
