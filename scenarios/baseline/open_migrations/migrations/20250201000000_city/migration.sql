ALTER TABLE "User" ADD COLUMN "city" TEXT;
ALTER TABLE "User" ADD COLUMN "street" TEXT;
CREATE INDEX "User_city_idx" ON "User"("city");
