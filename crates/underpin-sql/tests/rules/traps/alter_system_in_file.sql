-- also: OPS-NOT-RERUNNABLE, OPS-SERVER-SETTING
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER SYSTEM SET work_mem = '1GB';
CREATE TABLE a (id int PRIMARY KEY);
