-- unproven: the columns of a view are not followed; a replay finds it
-- also: COMPAT-REPLACE-ROUTINE, LOCK-REPLACE-OR-DROP-VIEW
-- given
CREATE TABLE e (id int, a int);
CREATE VIEW v AS SELECT id, a FROM e;
-- migration
CREATE OR REPLACE VIEW v AS SELECT id FROM e;
