-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
SET LOCAL lock_timeout = '2s';
ALTER TABLE person ADD COLUMN nick text;
