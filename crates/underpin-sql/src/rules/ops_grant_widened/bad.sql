-- proves: after t: SELECT has_table_privilege('pg_monitor', 'person', 'SELECT')
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
GRANT SELECT ON person TO PUBLIC;
