UPDATE "User" SET "email" = lower("email") WHERE "email" <> lower("email");
