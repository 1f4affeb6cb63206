-- proves: after 1: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person VALUES (1);
-- migration
ALTER TABLE person ADD COLUMN nick text;
ALTER TABLE person DROP COLUMN nick;
