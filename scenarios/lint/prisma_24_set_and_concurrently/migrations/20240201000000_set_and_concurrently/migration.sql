SET statement_timeout = 0;

CREATE INDEX CONCURRENTLY "Post_title_idx" ON "Post"("title");
