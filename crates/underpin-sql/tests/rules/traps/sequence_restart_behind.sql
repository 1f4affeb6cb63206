-- also: LOSS-SEQUENCE-RESTART
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER SEQUENCE "User_id_seq" RESTART;
SELECT setval('"User_id_seq"', 1, false);
