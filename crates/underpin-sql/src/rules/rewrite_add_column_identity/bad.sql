-- also: COMPAT-CACHED-PLAN
-- proves: rewrites person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN number bigint GENERATED ALWAYS AS IDENTITY;
