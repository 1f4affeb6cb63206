-- also: BUILD-CREATE-INDEX, FAIL-OBJECT-STATE-MISMATCH
-- proves: fails 42P07
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE INDEX i ON "User" (name);
-- migration
CREATE INDEX i ON "User" (email);
