-- also: BUILD-REINDEX, REWRITE-VACUUM-FULL-CLUSTER
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
REINDEX TABLE "User";
CLUSTER "User" USING "User_pkey";
