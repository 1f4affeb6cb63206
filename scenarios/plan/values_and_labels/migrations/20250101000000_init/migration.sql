CREATE TYPE "Role" AS ENUM ('USER', 'ADMIN', 'OWNER');
CREATE TABLE "Item" ("id" INTEGER PRIMARY KEY, "size" TEXT, "price" DECIMAL(10,2), "role" "Role", "note" TEXT);
