-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- unproven: a claim about Prisma Client, not about the server
-- given
CREATE TABLE "_PostToTag" ("A" int NOT NULL, "B" int NOT NULL);
-- migration
ALTER TABLE "_PostToTag" ADD COLUMN since date;
