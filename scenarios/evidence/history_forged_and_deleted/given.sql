-- CreateEnum
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN');

-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,
    "role" "Role" NOT NULL DEFAULT 'USER',

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
-- CreateTable
CREATE TABLE "Post" (
    "id" SERIAL NOT NULL,
    "title" TEXT NOT NULL,
    "authorId" TEXT NOT NULL,

    CONSTRAINT "Post_pkey" PRIMARY KEY ("id")
);

-- AddForeignKey
ALTER TABLE "Post" ADD CONSTRAINT "Post_authorId_fkey" FOREIGN KEY ("authorId") REFERENCES "User"("id") ON DELETE RESTRICT ON UPDATE CASCADE;
-- CreateIndex
CREATE INDEX "Post_authorId_idx" ON "Post"("authorId");
CREATE TABLE "_prisma_migrations" (
    id VARCHAR(36) PRIMARY KEY NOT NULL, checksum VARCHAR(64) NOT NULL, finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL, logs TEXT, rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(), applied_steps_count INTEGER NOT NULL DEFAULT 0);
INSERT INTO "_prisma_migrations" VALUES ('00000000-0000-4000-8000-000000000000', '56c34d3efa76b97a2cb6f9ff7aac8a91b05f34c8ce6726701674bf5c57b717ba', '2025-06-01 00:00:00+00', '20250101000000_init', NULL, NULL, '2025-06-01 00:00:00+00', 1);
INSERT INTO "_prisma_migrations" VALUES ('00000000-0000-4000-8000-000000000001', '1ccb48a60fb11c9478bfbee052888551324325ecbb63d6acac28b068efe5bc9e', '2025-06-01 00:00:01+00', '20250201000000_add_name', NULL, NULL, '2025-06-01 00:00:01+00', 1);
