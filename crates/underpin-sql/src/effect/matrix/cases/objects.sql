-- Views, triggers, policies, rules, sequences, types, domains, routines, privileges.
CREATE TABLE t (id int PRIMARY KEY, a int, b text);
CREATE TABLE u (id int PRIMARY KEY, a int);
CREATE VIEW v AS SELECT id, a FROM t;
CREATE MATERIALIZED VIEW m AS SELECT id, a FROM t;
CREATE UNIQUE INDEX m_id ON m (id);
CREATE SEQUENCE s;
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE pair AS (x int, y int);
CREATE DOMAIN positive AS int CHECK (value > 0);
CREATE TABLE d (id int, p positive);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 1';
CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE POLICY p ON t USING (true);
CREATE RULE r AS ON DELETE TO u DO INSTEAD NOTHING;
INSERT INTO t SELECT g, g, g::text FROM generate_series(1, 50) g;
INSERT INTO u SELECT g, g FROM generate_series(1, 50) g;
INSERT INTO d SELECT g, g FROM generate_series(1, 50) g;
REFRESH MATERIALIZED VIEW m;

-- case create_view
CREATE VIEW w AS SELECT a FROM t;
-- case replace_view
CREATE OR REPLACE VIEW v AS SELECT id, a, b FROM t;
-- case drop_view
DROP VIEW v;
-- case alter_view_set
ALTER VIEW v SET (security_barrier = true);
-- case rename_view
ALTER VIEW v RENAME TO w;
-- case rename_view_column
ALTER VIEW v RENAME COLUMN a TO z;
-- case create_matview
CREATE MATERIALIZED VIEW w AS SELECT a FROM t;
-- case create_matview_no_data
CREATE MATERIALIZED VIEW w AS SELECT a FROM t WITH NO DATA;
-- case drop_matview
DROP MATERIALIZED VIEW m;
-- case refresh
REFRESH MATERIALIZED VIEW m;
-- case refresh_concurrently
REFRESH MATERIALIZED VIEW CONCURRENTLY m;
-- case refresh_no_data
REFRESH MATERIALIZED VIEW m WITH NO DATA;
-- case rename_matview
ALTER MATERIALIZED VIEW m RENAME TO n;
-- case create_trigger
CREATE TRIGGER h AFTER UPDATE ON t FOR EACH ROW EXECUTE FUNCTION f();
-- case create_constraint_trigger
CREATE CONSTRAINT TRIGGER h AFTER UPDATE ON t FROM u DEFERRABLE FOR EACH ROW EXECUTE FUNCTION f();
-- case replace_trigger
CREATE OR REPLACE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();
-- case drop_trigger
DROP TRIGGER g ON t;
-- case rename_trigger
ALTER TRIGGER g ON t RENAME TO h;
-- case disable_trigger
ALTER TABLE t DISABLE TRIGGER g;
-- case enable_trigger_all
ALTER TABLE t ENABLE TRIGGER ALL;
-- case disable_rule
ALTER TABLE u DISABLE RULE r;
-- case create_rule
CREATE RULE q AS ON UPDATE TO u DO INSTEAD NOTHING;
-- case drop_rule
DROP RULE r ON u;
-- case rename_rule
ALTER RULE r ON u RENAME TO q;
-- case create_policy
CREATE POLICY q ON t USING (a > 0);
-- case create_policy_subquery
CREATE POLICY q ON t USING (a IN (SELECT a FROM u));
-- case alter_policy
ALTER POLICY p ON t USING (a > 1);
-- case drop_policy
DROP POLICY p ON t;
-- case rename_policy
ALTER POLICY p ON t RENAME TO q;
-- case create_sequence
CREATE SEQUENCE z;
-- case create_sequence_owned
CREATE SEQUENCE z OWNED BY t.id;
-- case alter_sequence_restart
ALTER SEQUENCE s RESTART WITH 100;
-- case alter_sequence_increment
ALTER SEQUENCE s INCREMENT BY 10;
-- case alter_sequence_type
ALTER SEQUENCE s AS bigint;
-- case alter_sequence_owned
ALTER SEQUENCE s OWNED BY t.id;
-- case rename_sequence
ALTER SEQUENCE s RENAME TO z;
-- case drop_sequence
DROP SEQUENCE s;
-- case setval
SELECT setval('s', 100);
-- case create_enum
CREATE TYPE e AS ENUM ('a');
-- case add_enum_value
ALTER TYPE mood ADD VALUE 'fair';
-- case add_enum_value_before
ALTER TYPE mood ADD VALUE IF NOT EXISTS 'fair' BEFORE 'bad';
-- case add_enum_value_used_by_table
ALTER TABLE t ADD COLUMN m mood;
ALTER TYPE mood ADD VALUE 'fair';
-- case rename_enum_value
ALTER TYPE mood RENAME VALUE 'bad' TO 'sad';
-- case rename_type
ALTER TYPE mood RENAME TO temper;
-- case drop_type
DROP TYPE mood;
-- case drop_type_used
ALTER TABLE t ADD COLUMN m mood;
DROP TYPE mood;
-- case drop_type_used_cascade
ALTER TABLE t ADD COLUMN m mood;
DROP TYPE mood CASCADE;
-- case create_composite
CREATE TYPE trio AS (x int, y int, z int);
-- case add_attribute
ALTER TYPE pair ADD ATTRIBUTE z int;
-- case create_domain
CREATE DOMAIN e AS text CHECK (value <> '');
-- case domain_add_check
ALTER DOMAIN positive ADD CONSTRAINT c CHECK (value < 1000);
-- case domain_add_check_not_valid
ALTER DOMAIN positive ADD CONSTRAINT c CHECK (value < 1000) NOT VALID;
-- case domain_validate
ALTER DOMAIN positive ADD CONSTRAINT c CHECK (value < 1000) NOT VALID;
ALTER DOMAIN positive VALIDATE CONSTRAINT c;
-- case domain_set_not_null
ALTER DOMAIN positive SET NOT NULL;
-- case domain_drop_not_null
ALTER DOMAIN positive DROP NOT NULL;
-- case domain_drop_check
ALTER DOMAIN positive DROP CONSTRAINT positive_check;
-- case domain_set_default
ALTER DOMAIN positive SET DEFAULT 1;
-- case drop_domain_cascade
DROP DOMAIN positive CASCADE;
-- case create_function
CREATE FUNCTION z() RETURNS int LANGUAGE sql AS 'SELECT 1';
-- case replace_function
CREATE OR REPLACE FUNCTION plain() RETURNS int LANGUAGE sql AS 'SELECT 2';
-- case create_function_body
CREATE FUNCTION z() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT count(*) FROM t; END;
-- case create_procedure
CREATE PROCEDURE z() LANGUAGE plpgsql AS 'BEGIN UPDATE t SET a = 1; END';
-- case drop_function
DROP FUNCTION plain();
-- case drop_function_of_trigger
DROP FUNCTION f();
-- case drop_function_cascade
DROP FUNCTION f() CASCADE;
-- case alter_function
ALTER FUNCTION plain() STABLE;
-- case rename_function
ALTER FUNCTION plain() RENAME TO simple;
-- case create_schema
CREATE SCHEMA extra;
-- case drop_schema
CREATE SCHEMA extra;
DROP SCHEMA extra;
-- case drop_schema_cascade
CREATE SCHEMA extra;
CREATE TABLE extra.x (id int PRIMARY KEY, t_id int REFERENCES t (id));
DROP SCHEMA extra CASCADE;
-- case grant
GRANT SELECT ON t TO PUBLIC;
-- case revoke
REVOKE SELECT ON t FROM PUBLIC;
-- case grant_all_in_schema
GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC;
-- case grant_on_schema
GRANT USAGE ON SCHEMA public TO PUBLIC;
-- case grant_on_function
GRANT EXECUTE ON FUNCTION plain() TO PUBLIC;
-- case default_privileges
ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO PUBLIC;
-- case create_publication
CREATE PUBLICATION pub FOR TABLE t;
-- case alter_publication
CREATE PUBLICATION pub FOR TABLE t;
ALTER PUBLICATION pub ADD TABLE u;
-- case drop_publication
CREATE PUBLICATION pub FOR TABLE t;
DROP PUBLICATION pub;
-- case do_block
DO $$ BEGIN ALTER TABLE u ADD COLUMN x int; DELETE FROM t WHERE id = 1; END $$;
-- case set_local
SET LOCAL lock_timeout = '1s';
-- case set_search_path
SET search_path = public;
-- case reset
RESET lock_timeout;
-- case comment_on_type
COMMENT ON TYPE mood IS 'x';
-- case comment_on_function
COMMENT ON FUNCTION plain() IS 'x';
-- case create_cast
CREATE CAST (mood AS int) WITH INOUT;
-- case create_collation
CREATE COLLATION c FROM "C";
-- case drop_sequence_used
CREATE TABLE w (id int DEFAULT nextval('s'));
DROP SEQUENCE s;
-- case drop_sequence_used_cascade
CREATE TABLE w (id int DEFAULT nextval('s'));
DROP SEQUENCE s CASCADE;
-- case drop_view_used
CREATE VIEW w AS SELECT a FROM v;
DROP VIEW v;
-- case drop_view_used_cascade
CREATE VIEW w AS SELECT a FROM v;
DROP VIEW v CASCADE;
-- case replace_view_of_view
CREATE OR REPLACE VIEW v AS SELECT id, a FROM (SELECT * FROM t JOIN u USING (id, a)) AS j;
-- case create_view_of_view
CREATE VIEW w AS SELECT a FROM v;
-- case select_from_view
SELECT * FROM v;
-- case refresh_of_view
CREATE MATERIALIZED VIEW w AS SELECT a FROM v;
REFRESH MATERIALIZED VIEW w;
-- case grant_on_sequence
GRANT USAGE ON SEQUENCE s TO PUBLIC;
-- case grant_on_column
GRANT SELECT (a) ON t TO PUBLIC;
-- case comment_on_view
COMMENT ON VIEW v IS 'x';
-- case comment_on_trigger
COMMENT ON TRIGGER g ON t IS 'x';
-- case comment_on_sequence
COMMENT ON SEQUENCE s IS 'x';
-- case drop_rule_of_view
CREATE RULE w AS ON INSERT TO v DO INSTEAD NOTHING;
DROP RULE w ON v;
-- case set_schema_of_view
CREATE SCHEMA extra;
ALTER VIEW v SET SCHEMA extra;
-- case set_schema_of_sequence
CREATE SCHEMA extra;
ALTER SEQUENCE s SET SCHEMA extra;
-- case rename_domain
ALTER DOMAIN positive RENAME TO strictly_positive;
-- case drop_domain_used
DROP DOMAIN positive;
-- case domain_used_in_array
CREATE TABLE w (p positive[]);
ALTER DOMAIN positive ADD CONSTRAINT c CHECK (value < 1000);
-- case rename_attribute
ALTER TYPE pair RENAME ATTRIBUTE x TO z;
-- case publication_all_tables
CREATE PUBLICATION pub FOR ALL TABLES;
-- case do_conditional
DO $$ BEGIN IF NOT EXISTS (SELECT 1 FROM pg_class WHERE relname = 'nothing') THEN CREATE INDEX i ON t (a); END IF; END $$;
-- case do_creates_and_fills
DO $$ BEGIN CREATE TABLE w (id int REFERENCES u (id)); INSERT INTO w VALUES (1); END $$;
-- case insert_into_view
INSERT INTO v (id, a) VALUES (1000, 1);
-- case copy_to
COPY t TO '/dev/null';
