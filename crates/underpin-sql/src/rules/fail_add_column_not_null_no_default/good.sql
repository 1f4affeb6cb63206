-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person VALUES (1);
-- migration
ALTER TABLE person ADD COLUMN email text, ADD COLUMN active boolean NOT NULL DEFAULT true;
