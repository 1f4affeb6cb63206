-- also: COMPAT-NEW-CONSTRAINT, LOCK-ACCESS-EXCLUSIVE-METADATA, LOCK-DROP-FK-LOCKS-OTHER-TABLE, SCAN-ADD-FOREIGN-KEY, TX-WORK-WHILE-HOLDING-LOCK
-- proves: locks AccessExclusiveLock customer
-- given
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int, CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE RESTRICT);
-- migration
ALTER TABLE invoice DROP CONSTRAINT invoice_customer_id_fkey;
ALTER TABLE invoice ADD CONSTRAINT invoice_customer_id_fkey FOREIGN KEY (customer_id) REFERENCES customer (id) ON DELETE CASCADE;
