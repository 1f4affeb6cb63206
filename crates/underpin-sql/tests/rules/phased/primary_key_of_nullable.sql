-- given
CREATE TABLE "Join" ("A" int, "B" int NOT NULL);
INSERT INTO "Join" VALUES (1, 1);
-- migration
ALTER TABLE "Join" ADD PRIMARY KEY ("A", "B");
