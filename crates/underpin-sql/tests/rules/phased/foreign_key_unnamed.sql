-- given
CREATE TABLE "Customer" (id int PRIMARY KEY);
CREATE TABLE "Invoice" (id int PRIMARY KEY, "customerId" int);
INSERT INTO "Customer" VALUES (1);
INSERT INTO "Invoice" VALUES (1, 1);
-- migration
ALTER TABLE "Invoice" ADD FOREIGN KEY ("customerId") REFERENCES "Customer" (id) ON DELETE SET NULL DEFERRABLE INITIALLY DEFERRED -- as agreed
;
