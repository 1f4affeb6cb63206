-- also: TX-DATA-IN-MIGRATION
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
INSERT INTO "User" ("name") VALUES (E'it\'s; DROP TABLE "User"; --');
