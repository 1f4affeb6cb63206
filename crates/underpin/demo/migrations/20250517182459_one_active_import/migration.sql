-- Written by hand: at most one import waits or runs per library.

-- CreateIndex
CREATE UNIQUE INDEX "ImportJob_libraryId_active_key" ON "ImportJob"("libraryId") WHERE "status" IN ('QUEUED', 'RUNNING');
