-- CreateIndex
CREATE INDEX "Listen_userId_playedAt_idx" ON "Listen"("userId", "playedAt" DESC);
