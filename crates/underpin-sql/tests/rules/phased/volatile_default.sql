-- proves: after 2: SELECT count(DISTINCT token) FROM "User"
-- given
CREATE TABLE "User" (id int PRIMARY KEY);
INSERT INTO "User" VALUES (1), (2);
-- migration
ALTER TABLE "User" ADD COLUMN "token" UUID NOT NULL DEFAULT gen_random_uuid();
