-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: breaks 55000: UPDATE person SET id = 2
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE PUBLICATION shop FOR TABLE person;
-- migration
ALTER TABLE person REPLICA IDENTITY NOTHING;
