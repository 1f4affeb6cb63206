-- given
CREATE TABLE "Post" ("id" TEXT NOT NULL PRIMARY KEY, "authorId" TEXT NOT NULL, "at" TIMESTAMP(3));
-- migration
-- CreateIndex
CREATE /* an index */ INDEX "Post_authorId_at_idx" ON "Post"("authorId" ASC, "at" DESC) WHERE "at" IS NOT NULL;
