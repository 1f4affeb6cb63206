-- proves: breaks 23514: INSERT INTO person VALUES (1, 3)
-- given
CREATE TABLE person (id int PRIMARY KEY, age int, CONSTRAINT grown CHECK (age > 17));
-- migration
ALTER TABLE person DROP CONSTRAINT grown, ADD CONSTRAINT grown CHECK (age > 15) NOT VALID;
