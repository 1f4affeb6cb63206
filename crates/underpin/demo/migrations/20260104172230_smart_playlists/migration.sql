-- CreateEnum
CREATE TYPE "PlaylistKind" AS ENUM ('MANUAL', 'SMART');

-- AlterTable
ALTER TABLE "Playlist" ADD COLUMN     "kind" "PlaylistKind" NOT NULL DEFAULT 'MANUAL',
ADD COLUMN     "rules" JSONB,
ADD COLUMN     "tags" TEXT[] DEFAULT ARRAY[]::TEXT[];
