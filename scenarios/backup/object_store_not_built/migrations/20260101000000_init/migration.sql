CREATE TABLE "User" ("id" integer PRIMARY KEY, "name" text);
INSERT INTO "User" VALUES (1, 'Ada');
