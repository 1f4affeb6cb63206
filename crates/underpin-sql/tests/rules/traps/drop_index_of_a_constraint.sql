-- also: FAIL-DEPENDENT-OBJECT, LOCK-DROP-INDEX
-- proves: fails 2BP01
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
DROP INDEX "User_pkey";
