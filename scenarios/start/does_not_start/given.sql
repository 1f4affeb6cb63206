CREATE TABLE "Log" ("id" INTEGER PRIMARY KEY, "line" TEXT);
INSERT INTO "Log" VALUES (1, 'a'), (2, 'a');
