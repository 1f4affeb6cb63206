/*
  Warnings:

  - Made the column `sortName` on table `Artist` required. This step will fail if there are existing NULL values in that column.
  - Made the column `sortTitle` on table `Album` required. This step will fail if there are existing NULL values in that column.

*/
-- Existing rows: fall back to the name itself, so that the step cannot fail.
UPDATE "Artist" SET "sortName" = lower("name") WHERE "sortName" IS NULL;
UPDATE "Album" SET "sortTitle" = lower("title") WHERE "sortTitle" IS NULL;

-- AlterTable
ALTER TABLE "Artist" ALTER COLUMN "sortName" SET NOT NULL;

-- AlterTable
ALTER TABLE "Album" ALTER COLUMN "sortTitle" SET NOT NULL;
