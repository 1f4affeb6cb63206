-- proves: keeps person
-- given
CREATE DOMAIN email AS text;
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN email email;
