-- proves: locks ShareRowExclusiveLock customer
-- proves: blocks: INSERT INTO customer VALUES (1)
-- given
CREATE TABLE customer (id int PRIMARY KEY);
-- migration
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int NOT NULL);
ALTER TABLE invoice ADD CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id);
