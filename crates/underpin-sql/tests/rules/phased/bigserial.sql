-- proves: after 2: SELECT count(DISTINCT "No") FROM app."Ticket"
-- given
CREATE SCHEMA app;
CREATE TABLE app."Ticket" (id int PRIMARY KEY);
INSERT INTO app."Ticket" VALUES (1), (2);
-- migration
ALTER TABLE app."Ticket" ADD COLUMN "No" BIGSERIAL NOT NULL;
