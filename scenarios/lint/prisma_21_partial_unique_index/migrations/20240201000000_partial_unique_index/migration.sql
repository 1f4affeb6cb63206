-- CreateIndex
CREATE UNIQUE INDEX "Post_slug_published_key" ON "Post"("slug") WHERE "published";
