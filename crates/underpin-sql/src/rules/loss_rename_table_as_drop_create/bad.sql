-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- proves: after 0: SELECT count(*) FROM client
-- given
CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, name text);
INSERT INTO customer VALUES (1, 'a', 'b');
-- migration
DROP TABLE customer;
CREATE TABLE client (id int PRIMARY KEY, email text NOT NULL, name text);
