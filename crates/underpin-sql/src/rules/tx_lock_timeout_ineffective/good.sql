-- proves: gives up 55P03: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET LOCAL lock_timeout = '100ms';
ALTER TABLE person ADD COLUMN nick text;
