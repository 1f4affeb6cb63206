-- also: COMPAT-RENAME-OTHER
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER TABLE "User" RENAME CONSTRAINT "User_pkey" TO "user_pkey";
ALTER INDEX IF EXISTS "User_email_idx" RENAME TO "User_email_idx2";
