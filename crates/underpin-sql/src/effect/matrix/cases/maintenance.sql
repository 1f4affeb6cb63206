-- Statements that keep a database in order, and those that no transaction block allows.
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE INDEX t_a ON t (a);
INSERT INTO t SELECT g, g, g::text FROM generate_series(1, 50) g;

-- case analyze
ANALYZE t;
-- case vacuum
-- blocker LOCK TABLE t IN SHARE UPDATE EXCLUSIVE MODE
VACUUM t;
-- case vacuum_full
-- blocker LOCK TABLE t IN ACCESS SHARE MODE
VACUUM FULL t;
-- case cluster
CLUSTER t USING t_a;
-- case cluster_all
CLUSTER;
-- case alter_system
ALTER SYSTEM SET work_mem = '5MB';
-- case alter_system_reset
ALTER SYSTEM RESET work_mem;
-- case alter_role_set
ALTER ROLE CURRENT_USER SET work_mem = '5MB';
-- case alter_database_set
ALTER DATABASE postgres SET work_mem = '5MB';
-- case create_database
CREATE DATABASE another;
-- case drop_database
DROP DATABASE IF EXISTS another;
-- case create_tablespace
CREATE TABLESPACE elsewhere LOCATION '/nowhere';
-- case reindex_database
-- blocker SELECT count(*) FROM t
REINDEX DATABASE lock_matrix;
-- case discard_all
DISCARD ALL;
-- case checkpoint
CHECKPOINT;
-- case create_role
CREATE ROLE matrix_role;
-- case notify
NOTIFY here;
-- case begin
BEGIN;
-- case create_extension
CREATE EXTENSION IF NOT EXISTS plpgsql;
