-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN nick text;
CREATE TABLE pet (id int PRIMARY KEY);
