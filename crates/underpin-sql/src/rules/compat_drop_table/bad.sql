-- also: LOSS-DROP-TABLE, OPS-UNANALYSED-STATEMENT
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
