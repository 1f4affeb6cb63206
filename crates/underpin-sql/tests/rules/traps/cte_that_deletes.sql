-- also: LOSS-DELETE, TX-DATA-IN-MIGRATION, TX-UNBATCHED-BACKFILL
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE gone (id int, name text);
-- migration
WITH moved AS (DELETE FROM "User" RETURNING id, name) INSERT INTO gone SELECT id, name FROM moved;
