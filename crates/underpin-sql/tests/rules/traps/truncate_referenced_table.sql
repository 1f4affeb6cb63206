-- also: FAIL-DEPENDENT-OBJECT, LOSS-TRUNCATE
-- proves: fails 0A000
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE p (u int REFERENCES "User");
-- migration
TRUNCATE "User";
