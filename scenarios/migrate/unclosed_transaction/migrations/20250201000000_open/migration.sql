BEGIN;
CREATE TABLE "Post" ("id" int);
