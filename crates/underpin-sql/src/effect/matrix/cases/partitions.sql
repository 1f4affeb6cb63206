-- Partitioned tables, with rows in every partition.
CREATE TABLE ref (id int PRIMARY KEY);
CREATE TABLE parted (id int NOT NULL, a int, ref_id int) PARTITION BY RANGE (id);
CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (100);
CREATE TABLE part2 PARTITION OF parted FOR VALUES FROM (100) TO (200);
CREATE TABLE loose (id int NOT NULL, a int, ref_id int);
CREATE TABLE checked (id int NOT NULL, a int, ref_id int, CONSTRAINT bounds CHECK (id >= 300 AND id < 400));
INSERT INTO ref SELECT g FROM generate_series(1, 199) g;
INSERT INTO parted SELECT g, g, g FROM generate_series(1, 199) g;
INSERT INTO loose SELECT g, g, 1 FROM generate_series(200, 250) g;
INSERT INTO checked SELECT g, g, 1 FROM generate_series(300, 350) g;

-- case create_partition
CREATE TABLE part3 PARTITION OF parted FOR VALUES FROM (200) TO (300);
-- case create_default_partition
CREATE TABLE rest PARTITION OF parted DEFAULT;
-- case create_partition_beside_default
CREATE TABLE rest PARTITION OF parted DEFAULT;
CREATE TABLE part3 PARTITION OF parted FOR VALUES FROM (200) TO (300);
-- case create_partitioned
CREATE TABLE fresh (id int) PARTITION BY LIST (id);
-- case attach
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case attach_with_check
ALTER TABLE parted ATTACH PARTITION checked FOR VALUES FROM (300) TO (400);
-- case attach_beside_default
CREATE TABLE rest PARTITION OF parted DEFAULT;
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case attach_default
ALTER TABLE parted ATTACH PARTITION loose DEFAULT;
-- case detach
ALTER TABLE parted DETACH PARTITION part1;
-- case detach_beside_default
CREATE TABLE rest PARTITION OF parted DEFAULT;
ALTER TABLE parted DETACH PARTITION part1;
-- case detach_concurrently
-- blocker LOCK TABLE parted IN SHARE UPDATE EXCLUSIVE MODE
-- blocker LOCK TABLE part1 IN SHARE UPDATE EXCLUSIVE MODE
-- blocker LOCK TABLE part1 IN ACCESS SHARE MODE
ALTER TABLE parted DETACH PARTITION part1 CONCURRENTLY;
-- case drop_partition
DROP TABLE part1;
-- case drop_parent
DROP TABLE parted;
-- case truncate_partition
TRUNCATE part1;
-- case truncate_parent
TRUNCATE parted;
-- case add_column
ALTER TABLE parted ADD COLUMN x int;
-- case add_column_volatile
ALTER TABLE parted ADD COLUMN x uuid DEFAULT gen_random_uuid();
-- case drop_column
ALTER TABLE parted DROP COLUMN a;
-- case set_not_null
ALTER TABLE parted ALTER COLUMN a SET NOT NULL;
-- case alter_type
ALTER TABLE parted ALTER COLUMN a TYPE bigint;
-- case set_default
ALTER TABLE parted ALTER COLUMN a SET DEFAULT 1;
-- case add_check
ALTER TABLE parted ADD CONSTRAINT c CHECK (a > 0);
-- case add_check_not_valid
ALTER TABLE parted ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
-- case add_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
-- case add_foreign_key_not_valid
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id) NOT VALID;
-- case add_unique
ALTER TABLE parted ADD CONSTRAINT q UNIQUE (id);
-- case add_primary_key
ALTER TABLE parted ADD CONSTRAINT q PRIMARY KEY (id);
-- case drop_constraint
ALTER TABLE parted ADD CONSTRAINT c CHECK (a > 0);
ALTER TABLE parted DROP CONSTRAINT c;
-- case rename_column
ALTER TABLE parted RENAME COLUMN a TO z;
-- case rename
ALTER TABLE parted RENAME TO z;
-- case create_trigger
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION f();
-- case enable_row_security
ALTER TABLE parted ENABLE ROW LEVEL SECURITY;
-- case column_of_partition
ALTER TABLE part1 ALTER COLUMN a SET DEFAULT 1;
-- case reference_partitioned
ALTER TABLE parted ADD CONSTRAINT q PRIMARY KEY (id);
CREATE TABLE fresh (parted_id int REFERENCES parted (id));
-- case create_partition_with_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
CREATE TABLE part3 PARTITION OF parted FOR VALUES FROM (200) TO (300);
-- case attach_with_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case attach_with_index
CREATE INDEX parted_a ON parted (a);
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case detach_with_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
ALTER TABLE parted DETACH PARTITION part1;
-- case drop_partition_with_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
DROP TABLE part1;
-- case validate_foreign_key_of_partitions
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id) NOT VALID;
ALTER TABLE parted VALIDATE CONSTRAINT f;
-- case drop_trigger
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION f();
DROP TRIGGER g ON parted;
-- case lock
LOCK TABLE parted IN SHARE MODE;
-- case two_levels_add_column
CREATE TABLE deep PARTITION OF parted FOR VALUES FROM (500) TO (600) PARTITION BY RANGE (id);
CREATE TABLE deep1 PARTITION OF deep FOR VALUES FROM (500) TO (550);
INSERT INTO deep1 VALUES (501, 1, 1);
ALTER TABLE parted ADD COLUMN x uuid DEFAULT gen_random_uuid();
-- case two_levels_index
CREATE TABLE deep PARTITION OF parted FOR VALUES FROM (500) TO (600) PARTITION BY RANGE (id);
CREATE TABLE deep1 PARTITION OF deep FOR VALUES FROM (500) TO (550);
INSERT INTO deep1 VALUES (501, 1, 1);
CREATE INDEX i ON parted (a);
-- case create_partition_two_levels
CREATE TABLE deep PARTITION OF parted FOR VALUES FROM (500) TO (600) PARTITION BY RANGE (id);
CREATE TABLE deep1 PARTITION OF deep FOR VALUES FROM (500) TO (550);
-- case drop_partition_beside_default
CREATE TABLE rest PARTITION OF parted DEFAULT;
DROP TABLE part1;
-- case drop_default_partition
CREATE TABLE rest PARTITION OF parted DEFAULT;
DROP TABLE rest;
-- case drop_parent_with_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
DROP TABLE parted;
-- case drop_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
ALTER TABLE parted DROP CONSTRAINT f;
-- case drop_column_only
ALTER TABLE ONLY parted DROP COLUMN a;
-- case attach_list
CREATE TABLE listed (kind text NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE one (kind text NOT NULL, CONSTRAINT kinds CHECK (kind IN ('a', 'b')));
INSERT INTO one VALUES ('a');
ALTER TABLE listed ATTACH PARTITION one FOR VALUES IN ('a', 'b');
-- case attach_list_wider
CREATE TABLE listed (kind text NOT NULL) PARTITION BY LIST (kind);
CREATE TABLE one (kind text NOT NULL, CONSTRAINT kinds CHECK (kind IN ('a', 'b', 'c')));
INSERT INTO one VALUES ('a');
ALTER TABLE listed ATTACH PARTITION one FOR VALUES IN ('a', 'b');
-- case attach_nullable_key
CREATE TABLE soft (id int, a int) PARTITION BY RANGE (id);
CREATE TABLE one (id int, a int, CONSTRAINT bounds CHECK (id >= 0 AND id < 10));
INSERT INTO one VALUES (1);
ALTER TABLE soft ATTACH PARTITION one FOR VALUES FROM (0) TO (10);
-- case attach_unvalidated_check
ALTER TABLE loose ADD CONSTRAINT bounds CHECK (id >= 200 AND id < 300) NOT VALID;
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case attach_with_matching_index
CREATE INDEX parted_a ON parted (a);
CREATE INDEX loose_a ON loose (a);
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case attach_with_matching_foreign_key
ALTER TABLE parted ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
ALTER TABLE loose ADD CONSTRAINT f FOREIGN KEY (ref_id) REFERENCES ref (id);
ALTER TABLE parted ATTACH PARTITION loose FOR VALUES FROM (200) TO (300);
-- case create_index_on_partition
CREATE INDEX i ON part1 (a);
-- case create_index_on_partition_concurrently
-- blocker LOCK TABLE part1 IN ROW EXCLUSIVE MODE
CREATE INDEX CONCURRENTLY i ON part1 (a);
-- case update
UPDATE parted SET a = 1;
-- case delete
DELETE FROM parted;
-- case select
SELECT * FROM parted;
-- case analyze
ANALYZE parted;
-- case comment
COMMENT ON TABLE parted IS 'x';
-- case grant
GRANT SELECT ON parted TO PUBLIC;
-- case drop_trigger_of_partition
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON part1 FOR EACH ROW EXECUTE FUNCTION f();
DROP TRIGGER g ON part1;
-- case disable_trigger
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION f();
ALTER TABLE parted DISABLE TRIGGER g;
-- case rename_trigger
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER g AFTER INSERT ON parted FOR EACH ROW EXECUTE FUNCTION f();
ALTER TRIGGER g ON parted RENAME TO h;
-- case create_policy
CREATE POLICY p ON parted USING (true);
-- case set_statistics
ALTER TABLE parted ALTER COLUMN a SET STATISTICS 100;
-- case owner
ALTER TABLE parted OWNER TO CURRENT_USER;
-- case set_schema
CREATE SCHEMA other;
ALTER TABLE parted SET SCHEMA other;
