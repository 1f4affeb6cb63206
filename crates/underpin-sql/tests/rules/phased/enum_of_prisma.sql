-- rewrites: a column that changes its enum is written anew, and REWRITE-ALTER-COLUMN-TYPE says so
-- proves: after USER: SELECT role FROM "User" WHERE id = 1
-- given
CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'it''s');
CREATE TABLE "User" (id int PRIMARY KEY, role "Role" NOT NULL DEFAULT 'USER');
INSERT INTO "User" VALUES (1, 'it''s'), (2, 'ADMIN');
-- migration
BEGIN;
CREATE TYPE "Role_new" AS ENUM ('USER', 'ADMIN');
ALTER TABLE "User" ALTER COLUMN "role" DROP DEFAULT;
ALTER TABLE "User" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
ALTER TYPE "Role" RENAME TO "Role_old";
ALTER TYPE "Role_new" RENAME TO "Role";
DROP TYPE "Role_old";
ALTER TABLE "User" ALTER COLUMN "role" SET DEFAULT 'USER';
COMMIT;
