-- runner: prisma
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
CREATE TABLE pet (id int PRIMARY KEY);
CREATE TABLE toy (id int PRIMARY KEY);
