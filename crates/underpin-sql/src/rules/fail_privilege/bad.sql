-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- facts: {"not_owned": ["person"]}
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email text;
