-- unproven: a claim about a comment, not about the server
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
-- underpin: allow LOSS-DROP-TABLE empty since March, dumped on the 3rd
DROP TABLE person;
