-- also: COMPAT-CACHED-PLAN, FAIL-OBJECT-STATE-MISMATCH
-- proves: fails 42701
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER TABLE "User" ADD COLUMN "age" INTEGER;
