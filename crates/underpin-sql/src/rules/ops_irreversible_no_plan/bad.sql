-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- facts: {"recovery": ""}
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
