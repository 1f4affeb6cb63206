CREATE TABLE "accounts" ("id" SERIAL NOT NULL, "nick" TEXT, "plan" TEXT, CONSTRAINT "accounts_pkey" PRIMARY KEY ("id"));
CREATE TABLE "Audit" ("id" SERIAL NOT NULL, CONSTRAINT "Audit_pkey" PRIMARY KEY ("id"));
