-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: breaks 0A000: EXECUTE whole
-- given
CREATE TABLE person (id int PRIMARY KEY);
PREPARE whole AS SELECT * FROM person;
-- migration
ALTER TABLE person ADD COLUMN nick text;
