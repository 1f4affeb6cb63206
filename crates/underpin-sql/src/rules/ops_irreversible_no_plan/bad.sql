-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- facts: {"recovery": ""}
-- proves: breaks 42P01: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
