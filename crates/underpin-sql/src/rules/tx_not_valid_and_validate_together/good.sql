-- proves: spares AccessExclusiveLock person
-- proves: lets: INSERT INTO person VALUES (1, 5)
-- given
CREATE TABLE person (id int PRIMARY KEY, age int, CONSTRAINT old CHECK (age > 0));
-- migration
ALTER TABLE person VALIDATE CONSTRAINT old;
