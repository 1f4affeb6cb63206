-- also: FAIL-VERSION-UNSUPPORTED, TX-DATA-IN-MIGRATION
-- server: 16
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
MERGE INTO "User" u USING (SELECT 1 AS id) s ON u.id = s.id WHEN MATCHED THEN UPDATE SET age = 1 RETURNING u.id;
