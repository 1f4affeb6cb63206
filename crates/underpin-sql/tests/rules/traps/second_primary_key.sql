-- also: BUILD-ADD-PRIMARY-KEY, FAIL-UNIQUE-WITH-DUPLICATES
-- proves: fails 42P16
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER TABLE "User" ADD PRIMARY KEY ("name");
