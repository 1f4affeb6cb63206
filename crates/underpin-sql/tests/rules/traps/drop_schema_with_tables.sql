-- also: FAIL-DEPENDENT-OBJECT, LOSS-DROP-SCHEMA
-- proves: fails 2BP01
-- given
CREATE SCHEMA app;
CREATE TABLE app.t (id int);
-- migration
DROP SCHEMA app;
