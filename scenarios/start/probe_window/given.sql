CREATE TABLE "Log" ("id" INTEGER PRIMARY KEY, "line" TEXT);
INSERT INTO "Log" SELECT g, 'line ' || g FROM generate_series(1, 200000) g;
ANALYZE "Log";
