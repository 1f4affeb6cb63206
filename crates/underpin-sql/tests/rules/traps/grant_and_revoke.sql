-- also: COMPAT-PRIVILEGE
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
REVOKE ALL ON "User" FROM pg_monitor;
GRANT SELECT ON ALL TABLES IN SCHEMA public TO pg_monitor;
