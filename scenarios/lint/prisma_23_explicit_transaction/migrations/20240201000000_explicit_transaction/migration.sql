BEGIN;

ALTER TABLE "Post" ADD COLUMN "wordCount" INTEGER;

UPDATE "Post" SET "wordCount" = length("title") WHERE "wordCount" IS NULL;

COMMIT;
