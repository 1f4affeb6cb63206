-- CreateTable
CREATE TABLE "Lyrics" (
    "trackId" TEXT NOT NULL,
    "text" TEXT NOT NULL,
    "synced" BOOLEAN NOT NULL DEFAULT false,
    "language" TEXT,
    "fetchedAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "Lyrics_pkey" PRIMARY KEY ("trackId")
);

-- AddForeignKey
ALTER TABLE "Lyrics" ADD CONSTRAINT "Lyrics_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;
