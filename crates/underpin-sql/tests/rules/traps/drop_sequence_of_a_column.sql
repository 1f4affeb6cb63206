-- also: FAIL-DEPENDENT-OBJECT, LOSS-DROP-MATVIEW-OR-SEQUENCE
-- proves: fails 2BP01
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
DROP SEQUENCE "User_id_seq";
