-- also: FAIL-OBJECT-STATE-MISMATCH, LOCK-FK-LOCKS-OTHER-TABLE
-- proves: fails 42830
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
CREATE TABLE p (n text REFERENCES "User" ("name"));
