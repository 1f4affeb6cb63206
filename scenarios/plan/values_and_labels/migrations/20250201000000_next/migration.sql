ALTER TABLE "Item" ALTER COLUMN "size" TYPE INTEGER USING "size"::integer;
ALTER TABLE "Item" ALTER COLUMN "price" TYPE INTEGER;
ALTER TABLE "Item" ALTER COLUMN "note" TYPE VARCHAR(5) USING "note"::varchar(5);
CREATE TYPE "Role_new" AS ENUM ('USER', 'ADMIN');
ALTER TABLE "Item" ALTER COLUMN "role" TYPE "Role_new" USING ("role"::text::"Role_new");
DROP TYPE "Role";
ALTER TYPE "Role_new" RENAME TO "Role";
