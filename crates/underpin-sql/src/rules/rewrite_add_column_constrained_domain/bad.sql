-- also: COMPAT-CACHED-PLAN
-- proves: rewrites person
-- given
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email email;
