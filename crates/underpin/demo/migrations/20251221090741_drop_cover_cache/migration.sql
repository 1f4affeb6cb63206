/*
  Warnings:

  - You are about to drop the `CoverCache` table. If the table is not empty, all the data it contains will be lost.

*/
-- DropForeignKey
ALTER TABLE "CoverCache" DROP CONSTRAINT "CoverCache_albumId_fkey";

-- DropTable
DROP TABLE "CoverCache";
