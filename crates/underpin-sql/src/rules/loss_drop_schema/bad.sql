-- proves: breaks 42P01: SELECT id FROM old.t
-- given
CREATE SCHEMA old;
CREATE TABLE old.t (id int);
-- migration
DROP SCHEMA old CASCADE;
