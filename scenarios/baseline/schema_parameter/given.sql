CREATE SCHEMA app;
CREATE SCHEMA other;
CREATE TABLE other.invoices (id int);
SET search_path = app;
-- CreateTable
CREATE TABLE "User" (
    "id" TEXT NOT NULL,
    "email" TEXT NOT NULL,

    CONSTRAINT "User_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "User_email_key" ON "User"("email");
-- AlterTable
ALTER TABLE "User" ADD COLUMN     "name" TEXT;
