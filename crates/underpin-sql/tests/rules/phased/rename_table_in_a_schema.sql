-- proves: meanwhile 2: INSERT INTO app."Customer" (id) VALUES (2); DELETE FROM app."Customer" WHERE id = 1; SELECT id FROM app."Client"
-- proves: after 1: SELECT count(*) FROM app."Customer"
-- given
CREATE SCHEMA app;
CREATE TABLE app."Client" (id int PRIMARY KEY, v int GENERATED ALWAYS AS (id * 2) STORED);
INSERT INTO app."Client" VALUES (1);
-- migration
ALTER TABLE app."Client" RENAME TO "Customer";
