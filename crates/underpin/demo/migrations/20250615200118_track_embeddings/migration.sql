-- CreateTable
CREATE TABLE "TrackEmbedding" (
    "trackId" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "components" DOUBLE PRECISION[],
    "createdAt" TIMESTAMP(3) NOT NULL DEFAULT CURRENT_TIMESTAMP,

    CONSTRAINT "TrackEmbedding_pkey" PRIMARY KEY ("trackId")
);

-- AddForeignKey
ALTER TABLE "TrackEmbedding" ADD CONSTRAINT "TrackEmbedding_trackId_fkey" FOREIGN KEY ("trackId") REFERENCES "Track"("id") ON DELETE CASCADE ON UPDATE CASCADE;

-- Written by hand: pgvector is optional; without it similarity is computed in the app.
DO $$
BEGIN
    IF EXISTS (SELECT 1 FROM pg_available_extensions WHERE name = 'vector') THEN
        CREATE EXTENSION IF NOT EXISTS vector;
        ALTER TABLE "TrackEmbedding" ADD COLUMN "embedding" vector(8);
    END IF;
END
$$;
