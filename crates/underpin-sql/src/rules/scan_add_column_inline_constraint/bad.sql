-- also: COMPAT-CACHED-PLAN
-- proves: scans product
-- given
CREATE TABLE product (id int PRIMARY KEY);
-- migration
ALTER TABLE product ADD COLUMN price int DEFAULT 1 CHECK (price > 0);
