-- also: COMPAT-RENAME-COLUMN
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER TABLE "User" RENAME "name" TO "fullName";
