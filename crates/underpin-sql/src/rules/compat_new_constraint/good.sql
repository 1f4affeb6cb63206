-- proves: answers: INSERT INTO person (id) VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN age int;
ALTER TABLE person ADD CONSTRAINT grown CHECK (age > 17) NOT VALID;
