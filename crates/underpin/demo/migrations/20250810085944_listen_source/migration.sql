-- CreateEnum
CREATE TYPE "ListenSource" AS ENUM ('WEB', 'MOBILE', 'CAST');

-- AlterTable
ALTER TABLE "Listen" ADD COLUMN     "source" "ListenSource" NOT NULL DEFAULT 'WEB';
