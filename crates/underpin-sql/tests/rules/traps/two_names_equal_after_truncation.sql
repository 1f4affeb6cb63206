-- also: BUILD-CREATE-INDEX-CONCURRENTLY, FAIL-IDENTIFIER-TRUNCATED, FAIL-OBJECT-STATE-MISMATCH, OPS-NOT-RERUNNABLE, TX-CONCURRENTLY-MIXED
-- given
CREATE TABLE "User" ("id" SERIAL NOT NULL, "name" TEXT NOT NULL, "email" VARCHAR(50), "age" INTEGER, CONSTRAINT "User_pkey" PRIMARY KEY ("id"));
-- migration
CREATE INDEX CONCURRENTLY a_name_that_is_as_long_as_sixty_three_bytes_and_then_some_more_letters_1 ON "User" (name);
CREATE INDEX CONCURRENTLY a_name_that_is_as_long_as_sixty_three_bytes_and_then_some_more_letters_2 ON "User" (age);
