ALTER TABLE "User" ADD COLUMN "nick" TEXT;
UPDATE "User" SET "email" = lower("email");
