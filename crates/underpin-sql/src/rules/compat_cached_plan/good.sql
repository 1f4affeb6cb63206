-- proves: answers: EXECUTE whole
-- given
CREATE TABLE person (id int PRIMARY KEY);
PREPARE whole AS SELECT * FROM person;
-- migration
ALTER TABLE person ALTER COLUMN id SET STATISTICS 100;
