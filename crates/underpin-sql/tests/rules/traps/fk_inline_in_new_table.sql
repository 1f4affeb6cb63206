-- also: LOCK-FK-LOCKS-OTHER-TABLE
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
CREATE TABLE note (id int PRIMARY KEY, user_id int REFERENCES "User" ON DELETE CASCADE);
