-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- unproven: a claim about a comment, not about the server
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
-- underpin: allow LOSS-DROP-TABLE
DROP TABLE person;
