-- given
CREATE TABLE "User" (id int PRIMARY KEY, "nickName" text NOT NULL);
INSERT INTO "User" VALUES (1, 'a');
-- migration
ALTER TABLE "User" DROP COLUMN "nickName";
