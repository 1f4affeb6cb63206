CREATE TABLE "User" ("id" SERIAL PRIMARY KEY, "email" TEXT);
INSERT INTO "User" ("email") VALUES ('a'), ('a');
