-- AlterTable
ALTER TABLE "User" ADD COLUMN     "name" TEXT;
UPDATE "User" SET "name" = '?' WHERE "name" IS NULL;
