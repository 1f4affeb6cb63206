-- also: TX-SETTING-LEAKS
-- runner: prisma
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
SELECT pg_catalog.set_config('search_path', '', false);
CREATE TABLE public.a (id int PRIMARY KEY);
