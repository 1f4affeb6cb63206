-- underpin: probe SELECT NOT EXISTS (SELECT FROM "User" WHERE "plan" <> lower("plan"))
UPDATE "User" SET "plan" = lower("plan");
