-- unproven: what is made is another table; the drop is told by LOSS-DROP-TABLE
-- given
CREATE TABLE customer (id int PRIMARY KEY, email text NOT NULL, name text);
-- migration
DROP TABLE customer;
CREATE TABLE invoice (id int PRIMARY KEY, total numeric, paid boolean);
