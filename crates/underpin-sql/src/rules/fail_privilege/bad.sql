-- also: COMPAT-CACHED-PLAN, OPS-UNANALYSED-STATEMENT
-- facts: {"not_owned": ["person"]}
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email text;
