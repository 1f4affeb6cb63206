-- AlterTable
ALTER TABLE "User" ADD COLUMN     "crossfadeMs" INTEGER NOT NULL DEFAULT 0,
ADD COLUMN     "locale" TEXT NOT NULL DEFAULT 'en',
ADD COLUMN     "theme" TEXT;
