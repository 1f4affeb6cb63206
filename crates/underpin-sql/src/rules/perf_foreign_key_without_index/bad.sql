-- also: LOCK-FK-LOCKS-OTHER-TABLE
-- given
CREATE TABLE customer (id int PRIMARY KEY);
-- migration
CREATE TABLE invoice (id int PRIMARY KEY, customer_id int REFERENCES customer (id));
