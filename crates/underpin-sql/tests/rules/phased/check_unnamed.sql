-- given
CREATE TABLE item (id int PRIMARY KEY, price int);
INSERT INTO item VALUES (1, 1);
-- migration
ALTER TABLE item ADD CHECK (price > 0);
