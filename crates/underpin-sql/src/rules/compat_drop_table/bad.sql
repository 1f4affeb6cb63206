-- also: LOSS-DROP-TABLE
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
