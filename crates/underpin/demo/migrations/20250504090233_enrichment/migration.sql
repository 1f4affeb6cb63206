-- AlterTable
ALTER TABLE "Artist" ADD COLUMN     "musicBrainzId" TEXT,
ADD COLUMN     "biography" TEXT,
ADD COLUMN     "imageUrl" TEXT,
ADD COLUMN     "enrichedAt" TIMESTAMP(3),
ADD COLUMN     "enrichmentAttempts" INTEGER NOT NULL DEFAULT 0;

-- AlterTable
ALTER TABLE "Album" ADD COLUMN     "musicBrainzId" TEXT,
ADD COLUMN     "label" TEXT,
ADD COLUMN     "enrichedAt" TIMESTAMP(3);

-- CreateIndex
CREATE UNIQUE INDEX "Artist_musicBrainzId_key" ON "Artist"("musicBrainzId");

-- CreateIndex
CREATE UNIQUE INDEX "Album_musicBrainzId_key" ON "Album"("musicBrainzId");
