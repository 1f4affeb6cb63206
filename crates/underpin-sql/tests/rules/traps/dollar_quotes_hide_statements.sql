-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
CREATE FUNCTION f() RETURNS text LANGUAGE sql AS $x$ SELECT 'DROP TABLE "User";'::text $x$;
COMMENT ON TABLE "User" IS 'DROP TABLE "User"; TRUNCATE "User";';
