-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- proves: rewrites product
-- proves: after 10: SELECT price FROM product
-- given
CREATE TABLE product (id int PRIMARY KEY, price numeric(10,2));
INSERT INTO product VALUES (1, 9.99);
-- migration
ALTER TABLE product ALTER COLUMN price TYPE integer;
