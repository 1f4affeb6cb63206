INSERT INTO "Plan" ("name") VALUES ('free'), ('pro');
