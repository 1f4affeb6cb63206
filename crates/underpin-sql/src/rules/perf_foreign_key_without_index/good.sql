-- given
CREATE TABLE customer (id int PRIMARY KEY);
-- migration
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer (id));
CREATE INDEX invoice_customer_id_idx ON invoice (customer_id);
