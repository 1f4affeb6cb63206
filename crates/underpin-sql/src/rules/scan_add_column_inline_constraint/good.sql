-- proves: skips product
-- given
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE product (id int PRIMARY KEY);
-- migration
ALTER TABLE product ADD COLUMN customer_id int REFERENCES customer (id);
