-- also: LOSS-DROP-CASCADE
-- given
CREATE DOMAIN d AS text;
CREATE TABLE e (id int PRIMARY KEY, a d);
-- migration
DROP DOMAIN d CASCADE;
