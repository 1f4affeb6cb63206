-- proves: after 9.99: SELECT price FROM product
-- given
CREATE TABLE product (id int PRIMARY KEY, price numeric(10,2), name varchar(20));
INSERT INTO product VALUES (1, 9.99, 'a');
-- migration
ALTER TABLE product ALTER COLUMN price TYPE numeric(12,2), ALTER COLUMN name TYPE text;
