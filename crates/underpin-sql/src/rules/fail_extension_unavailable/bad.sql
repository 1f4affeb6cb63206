-- also: OPS-EXTENSION-VERSION
-- proves: fails 0A000/58P01
-- facts: {"extensions": ["plpgsql"]}
-- given
CREATE TABLE t (id int);
-- migration
CREATE EXTENSION no_such_extension;
