-- AlterTable
ALTER TABLE "Artist" ADD COLUMN     "sortName" TEXT;

-- AlterTable
ALTER TABLE "Album" ADD COLUMN     "sortTitle" TEXT;
