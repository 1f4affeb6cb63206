-- proves: passes
-- given
CREATE TABLE product (id int PRIMARY KEY, price int);
INSERT INTO product VALUES (1, -1);
-- migration
ALTER TABLE product ADD CONSTRAINT price_positive CHECK (price > 0) NOT VALID;
