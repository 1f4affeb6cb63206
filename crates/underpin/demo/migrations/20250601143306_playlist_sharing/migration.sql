-- CreateEnum
CREATE TYPE "PlaylistVisibility" AS ENUM ('PRIVATE', 'SERVER', 'LINK');

-- AlterTable
ALTER TABLE "Playlist" ADD COLUMN     "shareToken" TEXT,
ADD COLUMN     "visibility" "PlaylistVisibility" NOT NULL DEFAULT 'PRIVATE';

-- CreateIndex
CREATE UNIQUE INDEX "Playlist_shareToken_key" ON "Playlist"("shareToken");
