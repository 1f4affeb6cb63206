-- given
CREATE TABLE customer (id bigint PRIMARY KEY);
-- migration
CREATE TABLE invoice (id int PRIMARY KEY, customer_id bigint);
ALTER TABLE invoice ADD CONSTRAINT k FOREIGN KEY (customer_id) REFERENCES customer (id);
