ALTER TABLE "User" ADD COLUMN "nick" TEXT;
UPDATE "User" SET "nick" = "email";
