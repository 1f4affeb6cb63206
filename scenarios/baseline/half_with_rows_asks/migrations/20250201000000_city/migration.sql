ALTER TABLE "User" ADD COLUMN "city" TEXT;
UPDATE "User" SET "city" = '?' WHERE "city" IS NULL;
CREATE INDEX "User_city_idx" ON "User"("city");
