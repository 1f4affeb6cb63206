-- unproven: each table is locked by one migration; that one is proven by LOCK-ACCESS-EXCLUSIVE-METADATA
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE pet (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN a int, ADD COLUMN b int;
-- migration
ALTER TABLE pet ADD COLUMN b int;
