-- given
CREATE TABLE "User" (id int PRIMARY KEY);
-- migration
ALTER TABLE "User" ADD COLUMN "eMail" VARCHAR(80) COLLATE "C" NOT NULL;
