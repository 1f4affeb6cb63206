-- unproven: alone it runs only where the runner opens a transaction
-- also: LOCK-EXPLICIT
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
LOCK TABLE "User" IN SHARE MODE NOWAIT;
