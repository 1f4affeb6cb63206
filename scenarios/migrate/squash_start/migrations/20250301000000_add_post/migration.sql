CREATE TABLE "Post" ("id" serial PRIMARY KEY);
