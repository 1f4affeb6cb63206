ALTER TABLE "User" ADD COLUMN "email" text;

ALTER TABLE "User" DROP COLUMN "name";
