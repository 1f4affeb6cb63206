CREATE SCHEMA "auth";
ALTER TABLE "app"."User" SET SCHEMA "auth";
