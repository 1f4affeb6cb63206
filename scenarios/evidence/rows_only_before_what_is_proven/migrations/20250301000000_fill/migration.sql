UPDATE "User" SET "name" = upper("name");
