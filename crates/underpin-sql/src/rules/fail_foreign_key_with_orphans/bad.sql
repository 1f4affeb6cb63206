-- also: COMPAT-NEW-CONSTRAINT, SCAN-ADD-FOREIGN-KEY
-- proves: fails 23503
-- given
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int);
INSERT INTO invoice VALUES (1, 7);
-- migration
ALTER TABLE invoice ADD CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id);
