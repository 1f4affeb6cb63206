-- also: COMPAT-CACHED-PLAN, OPS-UNANALYSED-STATEMENT
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN a int;
-- migration
ALTER TABLE person ADD COLUMN b int;
