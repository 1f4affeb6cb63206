-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- proves: locks AccessExclusiveLock customer
-- given
CREATE TABLE customer (id int PRIMARY KEY);
CREATE TABLE note (id int PRIMARY KEY, customer_id int REFERENCES customer (id));
-- migration
DROP TABLE note;
