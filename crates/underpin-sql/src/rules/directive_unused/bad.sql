-- also: COMPAT-CACHED-PLAN, OPS-UNANALYSED-STATEMENT
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
-- underpin: allow LOSS-DROP-TABLE nobody reads it
ALTER TABLE person ADD COLUMN nick text;
