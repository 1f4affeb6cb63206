-- unproven: the table is made here: no application knows it yet
-- migration
CREATE TABLE person (id int PRIMARY KEY);
DROP TABLE person;
