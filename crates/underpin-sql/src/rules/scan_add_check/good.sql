-- proves: skips product
-- given
CREATE TABLE product (id int PRIMARY KEY, price int);
-- migration
ALTER TABLE product ADD CONSTRAINT price_positive CHECK (price > 0) NOT VALID;
