-- AlterTable
ALTER TABLE "ImportJob" ADD COLUMN     "version" INTEGER NOT NULL DEFAULT 0;
