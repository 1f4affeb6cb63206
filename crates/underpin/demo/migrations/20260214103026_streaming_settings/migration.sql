-- AlterTable
ALTER TABLE "AppSettings" ADD COLUMN     "publicUrl" TEXT,
ADD COLUMN     "streamCacheMaxMb" INTEGER,
ADD COLUMN     "streamCachePath" TEXT,
ADD COLUMN     "transcodeBitrateKbps" INTEGER,
ADD COLUMN     "transcodeFormat" "AudioFormat";
