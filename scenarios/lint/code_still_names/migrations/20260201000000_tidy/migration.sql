ALTER TABLE "accounts" DROP COLUMN "nick", DROP COLUMN "plan";
DROP TABLE "Audit";
