-- also: OPS-DDL-IN-DO-BLOCK, OPS-OPAQUE-DYNAMIC-SQL
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
DO $$ BEGIN EXECUTE format('DROP TABLE %I', 'User'); END $$;
