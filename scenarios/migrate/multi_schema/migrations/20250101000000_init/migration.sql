CREATE SCHEMA "app";
CREATE TABLE "app"."User" ("id" int);
