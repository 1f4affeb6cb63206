-- proves: spares ShareRowExclusiveLock customer
-- proves: lets: INSERT INTO customer VALUES (1)
-- given
CREATE TABLE customer (id int PRIMARY KEY);
-- migration
CREATE TABLE invoice (id int PRIMARY KEY);
CREATE TABLE line (id int PRIMARY KEY, invoice_id int REFERENCES invoice (id));
