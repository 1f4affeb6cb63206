-- proves: after f: SELECT has_table_privilege('pg_read_all_stats', 'person', 'SELECT')
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
GRANT SELECT ON person TO pg_signal_backend;
