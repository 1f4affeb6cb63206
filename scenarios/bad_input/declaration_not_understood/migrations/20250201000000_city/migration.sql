-- underpin: prob SELECT true
UPDATE "User" SET "plan" = lower("plan");
