-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
-- underpin: allow LOSS-DROP-TABLE
DROP TABLE person;
