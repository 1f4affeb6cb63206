-- unproven: a claim about a comment, not about the server
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
-- underpin: allow COMPAT-RENAME-TABLE the view below serves the old version
ALTER TABLE person RENAME TO people;
