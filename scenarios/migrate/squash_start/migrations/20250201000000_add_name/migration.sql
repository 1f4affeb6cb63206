ALTER TABLE "User" ADD COLUMN "name" text;
