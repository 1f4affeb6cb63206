ALTER TABLE "User" ADD COLUMN "city" TEXT;
CREATE INDEX CONCURRENTLY "User_city_idx" ON "User"("city");
CREATE INDEX CONCURRENTLY "User_plan_idx" ON "User"("plan");
