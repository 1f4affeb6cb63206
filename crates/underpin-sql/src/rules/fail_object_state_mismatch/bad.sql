-- also: COMPAT-CACHED-PLAN
-- proves: fails 42701
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN email text;
