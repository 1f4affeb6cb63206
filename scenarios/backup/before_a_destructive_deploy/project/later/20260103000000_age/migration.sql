ALTER TABLE "User" ADD COLUMN "age" integer;
