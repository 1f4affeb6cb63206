-- proves: passes
-- given
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int);
INSERT INTO invoice VALUES (1, 7);
-- migration
ALTER TABLE invoice ADD COLUMN payer_id int;
ALTER TABLE invoice ADD CONSTRAINT invoice_payer_id_fkey FOREIGN KEY (payer_id) REFERENCES customer (id);
ALTER TABLE invoice ADD CONSTRAINT later FOREIGN KEY (customer_id) REFERENCES customer (id) NOT VALID;
