-- Rows change; a statement that looks at every row is told apart from one that does not only with the data.
CREATE TABLE parent (id int PRIMARY KEY, n int);
CREATE TABLE t (id int PRIMARY KEY, a int, b text, parent_id int CONSTRAINT t_parent REFERENCES parent (id));
CREATE INDEX t_a ON t (a);
CREATE TABLE child (id int PRIMARY KEY, t_id int CONSTRAINT child_t REFERENCES t (id) ON DELETE CASCADE);
CREATE TABLE source (id int, a int);
INSERT INTO parent SELECT g, g FROM generate_series(1, 50) g;
INSERT INTO t SELECT g, g, g::text, g FROM generate_series(1, 50) g;
INSERT INTO child SELECT g, g FROM generate_series(1, 50) g;
INSERT INTO source SELECT g, g FROM generate_series(101, 150) g;

-- case insert
INSERT INTO source (id, a) VALUES (1, 2);
-- case insert_with_foreign_key
INSERT INTO t (id, parent_id) VALUES (1000, 1);
-- case insert_select
INSERT INTO source SELECT id, a FROM t;
-- case insert_on_conflict
INSERT INTO parent (id, n) VALUES (1, 5) ON CONFLICT (id) DO UPDATE SET n = 5;
-- case update_all
UPDATE source SET a = 1;
-- case update_foreign_key_column
UPDATE t SET parent_id = 2;
-- case update_other_column
UPDATE t SET b = 'x';
-- case update_where
UPDATE t SET b = 'x' WHERE a = 3;
-- case update_key
DELETE FROM child WHERE t_id = 50;
UPDATE t SET id = id + 1000 WHERE id = 50;
-- case update_from
UPDATE source SET a = t.a FROM t WHERE t.id = source.id - 100;
-- case delete_all
DELETE FROM source;
-- case delete_cascading
DELETE FROM t;
-- case delete_using
DELETE FROM source USING t WHERE t.id = source.id - 100;
-- case merge
MERGE INTO source USING t ON t.id = source.id WHEN MATCHED THEN UPDATE SET a = 1 WHEN NOT MATCHED THEN INSERT VALUES (t.id, t.a);
-- case select
SELECT * FROM t;
-- case select_for_update
SELECT * FROM t FOR UPDATE;
-- case with_delete
WITH gone AS (DELETE FROM source RETURNING id) SELECT count(*) FROM gone;
-- case explain
EXPLAIN UPDATE source SET a = 1;
-- case explain_analyze
EXPLAIN (ANALYZE) UPDATE source SET a = 1;
-- case delete_referenced
DELETE FROM child;
DELETE FROM t WHERE id <> 50;
DELETE FROM parent WHERE n = 49;
-- case insert_default_values
INSERT INTO source DEFAULT VALUES;
-- case insert_without_foreign_key_column
INSERT INTO t (id, a) VALUES (1000, 1);
-- case delete_set_null
CREATE TABLE soft (t_id int CONSTRAINT soft_t REFERENCES t (id) ON DELETE SET NULL);
INSERT INTO soft VALUES (7);
DELETE FROM t WHERE id = 7;
-- case insert_returning
INSERT INTO source (id) VALUES (5) RETURNING (SELECT count(*) FROM t);
-- case update_in_subquery
UPDATE source SET a = (SELECT count(*) FROM t) WHERE id IN (SELECT id + 100 FROM parent);
-- case delete_where_exists
DELETE FROM source WHERE EXISTS (SELECT 1 FROM t WHERE t.id = source.id - 100);
-- case delete_from_child
DELETE FROM child WHERE id = 1;
-- case update_all_columns
UPDATE t SET (a, b) = (1, 'x');
-- case with_insert
WITH added AS (INSERT INTO source (id) SELECT id FROM t RETURNING id) UPDATE parent SET n = 0 WHERE id IN (SELECT id FROM added);
-- case select_for_share_of_join
SELECT t.id FROM t JOIN parent ON parent.id = t.parent_id FOR SHARE OF t;
-- case values
VALUES (1), (2);
-- case table_command
TABLE t;
-- case function_only
SELECT now(), random();
-- case lock_and_delete
DELETE FROM ONLY source;
