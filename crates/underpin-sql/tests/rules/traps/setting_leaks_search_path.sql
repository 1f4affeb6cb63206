-- also: TX-SETTING-LEAKS
-- runner: prisma
-- given
CREATE SCHEMA app;
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
SET search_path TO app;
CREATE TABLE app.a (id int PRIMARY KEY);
