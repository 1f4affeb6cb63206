-- AlterTable
ALTER TABLE "Listen" ADD COLUMN     "deviceId" TEXT;

-- CreateIndex
CREATE INDEX "Listen_deviceId_idx" ON "Listen"("deviceId");

-- AddForeignKey
ALTER TABLE "Listen" ADD CONSTRAINT "Listen_deviceId_fkey" FOREIGN KEY ("deviceId") REFERENCES "Device"("id") ON DELETE SET NULL ON UPDATE CASCADE;
