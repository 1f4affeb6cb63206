UPDATE "User" SET "name" = '?' WHERE "name" IS NULL;
