-- given
CREATE TABLE "Person" (id int PRIMARY KEY, "eMail" text, tenant int);
INSERT INTO "Person" VALUES (1, 'a', 1), (2, 'a', 2);
-- migration
ALTER TABLE "Person" ADD UNIQUE ("eMail", tenant);
