-- Written by hand, alone in its file: CONCURRENTLY cannot run inside a transaction.

-- CreateIndex
CREATE INDEX CONCURRENTLY "Track_libraryId_addedAt_idx" ON "Track"("libraryId", "addedAt" DESC);
