UPDATE "User" u SET "email" = "email" || ' (' || "id" || ')' WHERE EXISTS (SELECT FROM "User" o WHERE o."email" = u."email" AND o."id" < u."id");
