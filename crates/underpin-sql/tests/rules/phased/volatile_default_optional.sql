-- proves: after 2: SELECT count(roll) FROM dice
-- given
CREATE TABLE dice (id int PRIMARY KEY);
INSERT INTO dice VALUES (1), (2);
-- migration
ALTER TABLE dice ADD roll double precision DEFAULT random() * 6;
