-- Made by hand: the columns stand in another order, which is not part of the proof.
CREATE TABLE "User" ("name" text, "email" text NOT NULL, "id" text NOT NULL);
ALTER TABLE "User" ADD CONSTRAINT "User_pkey" PRIMARY KEY ("id");
CREATE UNIQUE INDEX "User_email_key" ON "User" ("email");
INSERT INTO "User" SELECT 'n' || i, 'e' || i, i FROM generate_series(1, 1000) i;
