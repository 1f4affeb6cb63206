-- of: LOSS-RENAME-AS-DROP-ADD
-- as: ALTER TABLE "User" RENAME COLUMN "name" TO "fullName";
-- proves: after ada: SELECT "fullName" FROM "User"
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
INSERT INTO "User" (name) VALUES ('ada');
-- migration
ALTER TABLE "User" DROP COLUMN "name",
ADD COLUMN     "fullName" TEXT NOT NULL;
