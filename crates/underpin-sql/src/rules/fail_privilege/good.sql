-- facts: {"not_owned": ["other"]}
-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email text;
