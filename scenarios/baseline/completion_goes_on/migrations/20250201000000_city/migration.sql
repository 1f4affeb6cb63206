ALTER TABLE "User" ADD COLUMN "city" TEXT;
CREATE INDEX CONCURRENTLY "User_city_idx" ON "User"("city");
CREATE UNIQUE INDEX CONCURRENTLY "User_email_key" ON "User"("email");
