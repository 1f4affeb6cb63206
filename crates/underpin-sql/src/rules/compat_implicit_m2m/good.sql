-- unproven: a claim about Prisma Client, not about the server
-- migration
CREATE TABLE "_PostToTag" ("A" int NOT NULL, "B" int NOT NULL, CONSTRAINT "_PostToTag_AB_pkey" PRIMARY KEY ("A", "B"));
