-- also: LOSS-DROP-TABLE
-- proves: breaks 42P01: SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
