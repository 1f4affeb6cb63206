CREATE TABLE "User" ("id" text NOT NULL CONSTRAINT "User_pkey" PRIMARY KEY, "email" varchar(100) NOT NULL, "name" text);
