-- also: TX-DATA-IN-MIGRATION
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Post" ("id" SERIAL NOT NULL, "authorId" INTEGER NOT NULL, CONSTRAINT "Post_pkey" PRIMARY KEY ("id"));
-- migration
DELETE FROM "Post" USING "User" WHERE "Post"."authorId" = "User"."id";
