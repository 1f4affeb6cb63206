-- Tables come, change and go.
CREATE TABLE parent (id int PRIMARY KEY, n int);
CREATE TABLE t (id int PRIMARY KEY, a int, b text, parent_id int CONSTRAINT t_parent REFERENCES parent (id));
CREATE INDEX t_a ON t (a);
CREATE TABLE child (id int PRIMARY KEY, t_id int CONSTRAINT child_t REFERENCES t (id));
CREATE TABLE alone (id int PRIMARY KEY, a int);
CREATE INDEX alone_a ON alone (a);
CREATE SCHEMA other;
INSERT INTO parent SELECT g, g FROM generate_series(1, 50) g;
INSERT INTO t SELECT g, g, g::text, g FROM generate_series(1, 50) g;
INSERT INTO child SELECT g, g FROM generate_series(1, 50) g;
INSERT INTO alone SELECT g, g FROM generate_series(1, 50) g;

-- case create
CREATE TABLE fresh (id int PRIMARY KEY);
-- case create_with_foreign_key
CREATE TABLE fresh (id int PRIMARY KEY, parent_id int REFERENCES parent (id));
-- case create_with_two_foreign_keys
CREATE TABLE fresh (a int REFERENCES parent (id), b int, FOREIGN KEY (b) REFERENCES t (id) ON DELETE CASCADE);
-- case create_referencing_itself
CREATE TABLE fresh (id int PRIMARY KEY, up int REFERENCES fresh (id));
-- case create_like
CREATE TABLE fresh (LIKE t INCLUDING ALL);
-- case create_inherits
CREATE TABLE fresh (x int) INHERITS (alone);
-- case create_if_not_exists_there
CREATE TABLE IF NOT EXISTS t (id int);
-- case create_temporary
CREATE TEMPORARY TABLE fresh (id int);
-- case create_unlogged
CREATE UNLOGGED TABLE fresh (id int);
-- case create_as
CREATE TABLE fresh AS SELECT * FROM t;
-- case create_as_no_data
CREATE TABLE fresh AS SELECT * FROM t WITH NO DATA;
-- case select_into
SELECT a INTO fresh FROM t;
-- case drop
DROP TABLE alone;
-- case drop_with_foreign_key
DROP TABLE child;
-- case drop_referenced
DROP TABLE t;
-- case drop_referenced_cascade
DROP TABLE t CASCADE;
-- case drop_two
DROP TABLE child, alone;
-- case drop_if_exists_missing
DROP TABLE IF EXISTS nothing;
-- case drop_in_view
CREATE VIEW v AS SELECT a FROM alone;
DROP TABLE alone;
-- case drop_in_view_cascade
CREATE VIEW v AS SELECT a FROM alone;
DROP TABLE alone CASCADE;
-- case truncate
TRUNCATE alone;
-- case truncate_with_foreign_key
TRUNCATE child;
-- case truncate_referenced
TRUNCATE t;
-- case truncate_cascade
TRUNCATE t CASCADE;
-- case truncate_all_of_them
TRUNCATE t, child;
-- case truncate_restart_identity
CREATE TABLE s (id serial PRIMARY KEY);
TRUNCATE s RESTART IDENTITY;
-- case rename
ALTER TABLE t RENAME TO z;
-- case set_schema
ALTER TABLE alone SET SCHEMA other;
-- case set_schema_with_foreign_keys
ALTER TABLE t SET SCHEMA other;
-- case owner
ALTER TABLE t OWNER TO CURRENT_USER;
-- case set_logged
CREATE UNLOGGED TABLE u (id int PRIMARY KEY);
INSERT INTO u VALUES (1);
ALTER TABLE u SET LOGGED;
-- case set_unlogged
ALTER TABLE alone SET UNLOGGED;
-- case set_unlogged_already
CREATE UNLOGGED TABLE u (id int PRIMARY KEY);
ALTER TABLE u SET UNLOGGED;
-- case set_fillfactor
ALTER TABLE t SET (fillfactor = 80);
-- case set_autovacuum
ALTER TABLE t SET (autovacuum_enabled = false, autovacuum_vacuum_scale_factor = 0.01);
-- case set_toast_option
ALTER TABLE t SET (toast.autovacuum_enabled = false);
-- case set_parallel_workers
ALTER TABLE t SET (parallel_workers = 4);
-- case set_user_catalog_table
ALTER TABLE t SET (user_catalog_table = true);
-- case reset_option
ALTER TABLE t RESET (fillfactor);
-- case set_access_method_same
ALTER TABLE t SET ACCESS METHOD heap;
-- case set_tablespace_same
ALTER TABLE t SET TABLESPACE pg_default;
-- case cluster_on
ALTER TABLE t CLUSTER ON t_a;
-- case set_without_cluster
ALTER TABLE t SET WITHOUT CLUSTER;
-- case replica_identity_full
ALTER TABLE t REPLICA IDENTITY FULL;
-- case replica_identity_index
ALTER TABLE t REPLICA IDENTITY USING INDEX t_pkey;
-- case inherit
CREATE TABLE kid (id int, a int);
CREATE TABLE kin (id int, a int);
ALTER TABLE kid INHERIT kin;
-- case no_inherit
CREATE TABLE kin (id int, a int);
CREATE TABLE kid () INHERITS (kin);
ALTER TABLE kid NO INHERIT kin;
-- case of_type
CREATE TYPE row_type AS (id int, a int);
CREATE TABLE kid (id int, a int);
ALTER TABLE kid OF row_type;
-- case not_of
CREATE TYPE row_type AS (id int, a int);
CREATE TABLE kid OF row_type;
ALTER TABLE kid NOT OF;
-- case enable_row_security
ALTER TABLE t ENABLE ROW LEVEL SECURITY;
-- case disable_row_security
ALTER TABLE t DISABLE ROW LEVEL SECURITY;
-- case force_row_security
ALTER TABLE t FORCE ROW LEVEL SECURITY;
-- case add_column_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ADD COLUMN x int;
-- case set_not_null_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ALTER COLUMN id SET NOT NULL;
-- case drop_column_only
CREATE TABLE kin (id int, x int);
CREATE TABLE kid () INHERITS (kin);
ALTER TABLE ONLY kin DROP COLUMN x;
-- case lock_default
LOCK TABLE t;
-- case lock_share
LOCK TABLE t, parent IN SHARE MODE;
-- case comment
COMMENT ON TABLE t IS 'x';
-- case alter_if_exists_missing
ALTER TABLE IF EXISTS nothing ADD COLUMN x int;
-- case drop_with_serial
CREATE TABLE s (id serial PRIMARY KEY);
DROP TABLE s;
-- case set_schema_with_serial
CREATE TABLE s (id serial PRIMARY KEY);
ALTER TABLE s SET SCHEMA other;
-- case rename_with_view
CREATE VIEW v AS SELECT a FROM alone;
ALTER TABLE alone RENAME TO z;
-- case drop_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
DROP TABLE kin;
-- case drop_inherited_cascade
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
DROP TABLE kin CASCADE;
-- case drop_in_views_of_views_cascade
CREATE VIEW v AS SELECT a FROM alone;
CREATE VIEW w AS SELECT a FROM v;
CREATE MATERIALIZED VIEW m AS SELECT a FROM w;
CREATE UNIQUE INDEX m_a ON m (a);
DROP TABLE alone CASCADE;
-- case drop_all_three
DROP TABLE child, t, parent;
-- case drop_in_other_schema
CREATE TABLE other.far (id int PRIMARY KEY, t_id int REFERENCES t (id));
DROP TABLE other.far;
-- case create_in_other_schema
CREATE TABLE other.far (id int PRIMARY KEY, t_id int REFERENCES public.t (id));
-- case create_with_quoted_names
CREATE TABLE "Parent" ("Id" int PRIMARY KEY);
CREATE TABLE "Child" ("id" int, "parentId" int, CONSTRAINT "Child_fk" FOREIGN KEY ("parentId") REFERENCES "Parent" ("Id") ON DELETE RESTRICT ON UPDATE CASCADE);
-- case create_with_composite_foreign_key
CREATE TABLE pairs (a int, b int, PRIMARY KEY (a, b));
CREATE TABLE fresh (x int, y int, FOREIGN KEY (x, y) REFERENCES pairs (a, b));
-- case create_with_serial
CREATE TABLE fresh (id serial PRIMARY KEY, n bigserial, i int GENERATED ALWAYS AS IDENTITY);
-- case create_there
CREATE TABLE t (id int);
-- case rename_missing
ALTER TABLE IF EXISTS nothing RENAME TO something;
-- case rename_with_foreign_keys
ALTER TABLE parent RENAME TO parents;
-- case rename_column_referenced
ALTER TABLE parent RENAME COLUMN id TO key;
-- case replica_identity_nothing
ALTER TABLE alone REPLICA IDENTITY NOTHING;
-- case set_vacuum_option
ALTER TABLE t SET (vacuum_truncate = off);
-- case set_toast_target
ALTER TABLE t SET (toast_tuple_target = 1000);
-- case lock_only
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
LOCK TABLE ONLY kin IN SHARE MODE;
-- case lock_nowait
LOCK TABLE t IN EXCLUSIVE MODE NOWAIT;
-- case truncate_only
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kin VALUES (1);
INSERT INTO kid VALUES (1);
TRUNCATE ONLY kin;
-- case truncate_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kin VALUES (1);
INSERT INTO kid VALUES (1);
TRUNCATE kin;
-- case add_check_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ADD CONSTRAINT c CHECK (id > 0);
-- case add_unique_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ADD CONSTRAINT q UNIQUE (id);
-- case add_foreign_key_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kin VALUES (1);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ADD CONSTRAINT f FOREIGN KEY (id) REFERENCES parent (id);
-- case alter_type_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kin VALUES (1);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ALTER COLUMN id TYPE bigint;
-- case create_index_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
CREATE INDEX i ON kin (id);
-- case trigger_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g BEFORE INSERT ON kin FOR EACH ROW EXECUTE FUNCTION f();
-- case add_primary_key_inherited
CREATE TABLE kin (id int);
CREATE TABLE kid () INHERITS (kin);
INSERT INTO kid VALUES (1);
ALTER TABLE kin ADD PRIMARY KEY (id);
