-- underpin: probe SELECT count(*) = 0 FROM "Secret"
UPDATE "User" SET "plan" = lower("plan");
