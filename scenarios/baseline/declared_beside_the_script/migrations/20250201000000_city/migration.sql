UPDATE "User" SET "plan" = lower("plan");
