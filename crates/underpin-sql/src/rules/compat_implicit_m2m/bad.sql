-- also: COMPAT-CACHED-PLAN, OPS-UNANALYSED-STATEMENT
-- given
CREATE TABLE "_PostToTag" ("A" int NOT NULL, "B" int NOT NULL);
-- migration
ALTER TABLE "_PostToTag" ADD COLUMN since date;
