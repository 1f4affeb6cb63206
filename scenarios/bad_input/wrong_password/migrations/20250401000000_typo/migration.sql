-- AlterTable
ALTER TABLE "Post" ADD COLUMN "title" TEXT;

-- Größe
ALTER TABEL "Post" ADD COLUMN "body" TEXT;
