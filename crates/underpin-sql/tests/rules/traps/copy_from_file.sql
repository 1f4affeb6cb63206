-- unproven: it takes a file on the server
-- also: TX-DATA-IN-MIGRATION
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
COPY "User" ("name") FROM '/tmp/users.csv' CSV;
