-- CreateIndex
CREATE INDEX CONCURRENTLY "User_age_idx" ON "User"("age");
ALTER TABLE "User" ADD COLUMN "city" TEXT;
