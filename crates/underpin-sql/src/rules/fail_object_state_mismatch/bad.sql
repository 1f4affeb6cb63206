-- also: COMPAT-CACHED-PLAN, OPS-UNANALYSED-STATEMENT
-- proves: fails 42701
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN email text;
