-- also: LOCK-ACCESS-EXCLUSIVE-METADATA
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ADD CONSTRAINT grown CHECK (age > 17) NOT VALID;
