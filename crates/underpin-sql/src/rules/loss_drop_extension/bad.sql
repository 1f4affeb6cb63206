-- given
CREATE TABLE t (id int);
-- migration
DROP EXTENSION IF EXISTS hstore;
