-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- given
CREATE TABLE "_PostToTag" ("A" int NOT NULL, "B" int NOT NULL);
-- migration
ALTER TABLE "_PostToTag" ADD COLUMN since date;
