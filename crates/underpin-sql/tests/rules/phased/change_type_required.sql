-- proves: meanwhile 5: INSERT INTO "Invoice" VALUES (2, 5); SELECT "Total_new" FROM "Invoice" WHERE id = 2
-- proves: after 12: SELECT "Total" FROM "Invoice"
-- given
CREATE TABLE "Invoice" (id int PRIMARY KEY, "Total" int NOT NULL);
INSERT INTO "Invoice" VALUES (1, 12);
-- migration
ALTER TABLE "Invoice" ALTER COLUMN "Total" TYPE bigint;
