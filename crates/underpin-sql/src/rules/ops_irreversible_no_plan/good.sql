-- facts: {"recovery": "backup of 2026-11-21 03:00"}
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
