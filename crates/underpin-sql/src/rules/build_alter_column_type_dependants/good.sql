-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY, nick varchar(20), age int CHECK (age > 0));
CREATE INDEX person_nick_idx ON person (nick);
-- migration
ALTER TABLE person ALTER COLUMN nick TYPE text;
