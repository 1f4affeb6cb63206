-- proves: stays 0: SELECT count(*) FROM pg_attribute WHERE attrelid = 'person'::regclass AND attname = 'nick'
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
CREATE TABLE taken (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN nick text;
CREATE TABLE pet (id int PRIMARY KEY);
