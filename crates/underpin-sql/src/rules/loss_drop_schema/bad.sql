-- given
CREATE SCHEMA old;
CREATE TABLE old.t (id int);
-- migration
DROP SCHEMA old CASCADE;
