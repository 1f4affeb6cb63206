-- proves: after 1: SELECT count(*) FROM app."Customer"
-- given
CREATE SCHEMA app;
CREATE TABLE app."Customer" (id int PRIMARY KEY);
CREATE TABLE app."Order" (id serial PRIMARY KEY, "customerId" int REFERENCES app."Customer" (id));
INSERT INTO app."Customer" VALUES (1);
INSERT INTO app."Order" VALUES (1, 1);
-- migration
DROP TABLE app."Order";
