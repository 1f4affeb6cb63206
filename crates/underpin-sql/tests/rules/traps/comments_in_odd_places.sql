-- also: COMPAT-CACHED-PLAN, COMPAT-DROP-COLUMN, LOCK-ACCESS-EXCLUSIVE-METADATA, LOSS-DROP-COLUMN
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER /* DROP TABLE x; */ TABLE -- nothing
  "User" /* nested /* deeper */ still */ DROP -- here
 COLUMN "age"; -- end
