-- AlterTable
ALTER TABLE "User" ADD COLUMN     "displayName" TEXT;

UPDATE "User" SET "displayName" = COALESCE("name", "email");

-- AlterTable
ALTER TABLE "User" ALTER COLUMN "displayName" SET NOT NULL;
