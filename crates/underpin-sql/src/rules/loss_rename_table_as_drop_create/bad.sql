-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- given
CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, name text);
-- migration
DROP TABLE customer;
CREATE TABLE client (id int PRIMARY KEY, email text NOT NULL, name text);
