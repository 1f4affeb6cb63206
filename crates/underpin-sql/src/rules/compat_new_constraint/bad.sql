-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: breaks 23514: INSERT INTO person VALUES (1, 5)
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ADD CONSTRAINT grown CHECK (age > 17) NOT VALID;
