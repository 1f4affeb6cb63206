-- also: COMPAT-NEW-CONSTRAINT, LOCK-ACCESS-EXCLUSIVE-METADATA, LOCK-DROP-FK-LOCKS-OTHER-TABLE, SCAN-ADD-FOREIGN-KEY, TX-WORK-WHILE-HOLDING-LOCK
-- proves: locks AccessExclusiveLock customer
-- proves: after 0: DELETE FROM customer; SELECT count(*) FROM invoice
-- given
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int, CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE RESTRICT);
INSERT INTO customer VALUES (1);
INSERT INTO invoice VALUES (1, 1);
-- migration
ALTER TABLE invoice DROP CONSTRAINT invoice_customer_id_fkey;
ALTER TABLE invoice ADD CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE;
