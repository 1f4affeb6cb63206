-- proves: breaks 42704: SELECT 'a=>1'::hstore
-- given
CREATE EXTENSION hstore;
-- migration
DROP EXTENSION IF EXISTS hstore;
