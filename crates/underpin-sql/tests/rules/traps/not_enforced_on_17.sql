-- also: FAIL-VERSION-UNSUPPORTED
-- server: 17
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
ALTER TABLE "User" ADD CONSTRAINT a CHECK ("age" > 0) NOT ENFORCED;
