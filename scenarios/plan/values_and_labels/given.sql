CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'OWNER');
CREATE TABLE "Item" ("id" INTEGER PRIMARY KEY, "size" TEXT, "price" DECIMAL(10,2), "role" "Role", "note" TEXT);
INSERT INTO "Item" VALUES (1, '12', 1.00, 'USER', 'short'), (2, 'big', 2.50, 'OWNER', 'a very long note');
