-- also: OPS-DISABLE-TRIGGER, TX-DATA-IN-MIGRATION
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
SET session_replication_role = replica;
DELETE FROM "User" WHERE id = 1;
RESET session_replication_role;
