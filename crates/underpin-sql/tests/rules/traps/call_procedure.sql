-- unproven: what a procedure does is not followed; OPS-UNANALYSED-STATEMENT says so
-- also: OPS-UNANALYSED-STATEMENT
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
CREATE PROCEDURE p() LANGUAGE plpgsql AS $$ BEGIN DELETE FROM "User"; COMMIT; END $$;
CALL p();
