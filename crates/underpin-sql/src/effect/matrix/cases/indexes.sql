-- Indexes on a table with rows.
CREATE TABLE t (id int PRIMARY KEY, a int, b text, j jsonb);
CREATE INDEX t_a ON t (a);
CREATE UNIQUE INDEX t_b ON t (b);
CREATE TABLE parted (id int, a int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE part2 PARTITION OF parted FOR VALUES FROM (100) TO (200);
CREATE INDEX parted_id ON parted (id);
INSERT INTO t SELECT g, g, g::text, '{}' FROM generate_series(1, 50) g;
INSERT INTO parted SELECT g, g FROM generate_series(1, 150) g;

-- case create
CREATE INDEX i ON t (a);
-- case create_unique
CREATE UNIQUE INDEX i ON t (a);
-- case create_partial
CREATE INDEX i ON t (a) WHERE b IS NOT NULL;
-- case create_expression
CREATE INDEX i ON t (lower(b));
-- case create_gin
CREATE INDEX i ON t USING gin (j);
-- case create_include
CREATE INDEX i ON t (a) INCLUDE (b);
-- case create_nulls_not_distinct
CREATE UNIQUE INDEX i ON t (a) NULLS NOT DISTINCT;
-- case create_if_not_exists_there
CREATE INDEX IF NOT EXISTS t_a ON t (a);
-- case create_concurrently
-- blocker LOCK TABLE t IN ROW EXCLUSIVE MODE
CREATE INDEX CONCURRENTLY i ON t (a);
-- case create_unique_concurrently
-- blocker LOCK TABLE t IN ROW EXCLUSIVE MODE
CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);
-- case create_on_partitioned
CREATE INDEX i ON parted (a);
-- case create_on_partitioned_only
CREATE INDEX i ON ONLY parted (a);
-- case create_concurrently_on_partitioned
CREATE INDEX CONCURRENTLY i ON parted (a);
-- case attach
CREATE INDEX i ON ONLY parted (a);
CREATE INDEX i1 ON part1 (a);
ALTER INDEX i ATTACH PARTITION i1;
-- case drop
DROP INDEX t_a;
-- case drop_two
DROP INDEX t_a, t_b;
-- case drop_if_exists_missing
DROP INDEX IF EXISTS nothing;
-- case drop_concurrently
-- blocker LOCK TABLE t IN ROW EXCLUSIVE MODE
DROP INDEX CONCURRENTLY t_a;
-- case drop_of_constraint
DROP INDEX t_pkey;
-- case drop_on_partitioned
DROP INDEX parted_id;
-- case rename
ALTER INDEX t_a RENAME TO t_z;
-- case rename_as_table
ALTER TABLE t_a RENAME TO t_z;
-- case set_option
ALTER INDEX t_a SET (fillfactor = 70);
-- case set_statistics
CREATE INDEX i ON t (lower(b));
ALTER INDEX i ALTER COLUMN 1 SET STATISTICS 100;
-- case set_tablespace_same
ALTER INDEX t_a SET TABLESPACE pg_default;
-- case reindex_index
REINDEX INDEX t_a;
-- case reindex_table
REINDEX TABLE t;
-- case reindex_index_concurrently
-- blocker LOCK TABLE t IN ROW EXCLUSIVE MODE
REINDEX INDEX CONCURRENTLY t_a;
-- case reindex_table_concurrently
-- blocker LOCK TABLE t IN ROW EXCLUSIVE MODE
REINDEX TABLE CONCURRENTLY t;
-- case reindex_partitioned
-- blocker LOCK TABLE parted IN ACCESS EXCLUSIVE MODE
-- blocker SELECT count(*) FROM part1
-- blocker SELECT count(*) FROM part2
REINDEX TABLE parted;
-- case reindex_schema
-- blocker SELECT count(*) FROM t
-- blocker SELECT count(*) FROM part1
-- blocker SELECT count(*) FROM part2
REINDEX SCHEMA public;
-- case comment
COMMENT ON INDEX t_a IS 'x';
-- case create_statistics
CREATE STATISTICS st ON a, b FROM t;
-- case drop_statistics
CREATE STATISTICS st ON a, b FROM t;
DROP STATISTICS st;
-- case alter_statistics
CREATE STATISTICS st ON a, b FROM t;
ALTER STATISTICS st SET STATISTICS 100;
-- case create_unnamed
CREATE INDEX ON t (a, b);
-- case drop_unnamed
CREATE INDEX ON t (lower(b), a);
DROP INDEX t_lower_a_idx;
-- case drop_after_rename
ALTER INDEX t_a RENAME TO t_z;
DROP INDEX t_z;
-- case drop_on_renamed_table
ALTER TABLE t RENAME TO z;
DROP INDEX t_a;
-- case drop_missing
DROP INDEX nothing;
-- case create_there
CREATE INDEX t_a ON t (b);
-- case create_hash
CREATE INDEX i ON t USING hash (a);
-- case create_brin
CREATE INDEX i ON t USING brin (a);
-- case reindex_missing
REINDEX INDEX nothing;
-- case drop_on_matview
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE INDEX m_a ON m (a);
DROP INDEX m_a;
-- case create_on_matview
CREATE MATERIALIZED VIEW m AS SELECT a FROM t;
CREATE INDEX m_a ON m (a);
-- case rename_primary_key
ALTER INDEX t_pkey RENAME TO t_key;
