-- runner: prisma
-- proves: after 1GB: SHOW work_mem
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET work_mem = '1GB';
CREATE TABLE pet (id int PRIMARY KEY);
