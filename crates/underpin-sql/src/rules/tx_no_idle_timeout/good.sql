-- runner: prisma
-- unproven: it takes a client that dies, and the time of TCP
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
CREATE TABLE pet (id int PRIMARY KEY);
CREATE TABLE toy (id int PRIMARY KEY);
