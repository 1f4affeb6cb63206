-- Changes of a column's type; every kind of index and constraint that could be in the way is made by the case.
CREATE TABLE parent (id int PRIMARY KEY);
CREATE TABLE t (
    id int PRIMARY KEY, i int, big bigint, small smallint, v varchar(50), free varchar, x text, ch char(10),
    n numeric(10, 2), nfree numeric, ts timestamp, ts3 timestamp(3), tz timestamptz, tz3 timestamptz(3), d date, j json,
    iv3 interval(3), vb varbit(8), c cidr, r real, f float8, b boolean, parent_id int CONSTRAINT t_parent REFERENCES parent (id)
);
CREATE TYPE mood AS ENUM ('good', 'bad');
CREATE TYPE mood_new AS ENUM ('good', 'bad', 'fair');
CREATE DOMAIN plain_domain AS int;
CREATE DOMAIN checked_domain AS int CHECK (value > 0);
INSERT INTO parent SELECT g FROM generate_series(1, 50) g;
INSERT INTO t (id, i, v, n, nfree, ts, tz, x, parent_id) SELECT g, g, g::text, g, g, '2020-01-01', '2020-01-01', 'x', g FROM generate_series(1, 50) g;

-- case int_to_bigint
ALTER TABLE t ALTER COLUMN i TYPE bigint;
-- case bigint_to_int
ALTER TABLE t ALTER COLUMN big TYPE int;
-- case smallint_to_int
ALTER TABLE t ALTER COLUMN small TYPE int;
-- case int_to_text
ALTER TABLE t ALTER COLUMN i TYPE text;
-- case text_to_int_using
ALTER TABLE t ALTER COLUMN x TYPE int USING length(x);
-- case int_to_same
ALTER TABLE t ALTER COLUMN i TYPE int;
-- case int_to_plain_domain
ALTER TABLE t ALTER COLUMN i TYPE plain_domain;
-- case int_to_checked_domain
ALTER TABLE t ALTER COLUMN i TYPE checked_domain;
-- case varchar_longer
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case varchar_shorter
ALTER TABLE t ALTER COLUMN v TYPE varchar(20);
-- case varchar_unlimited
ALTER TABLE t ALTER COLUMN v TYPE varchar;
-- case varchar_to_text
ALTER TABLE t ALTER COLUMN v TYPE text;
-- case free_varchar_to_text
ALTER TABLE t ALTER COLUMN free TYPE text;
-- case text_to_free_varchar
ALTER TABLE t ALTER COLUMN x TYPE varchar;
-- case text_to_varchar_n
ALTER TABLE t ALTER COLUMN x TYPE varchar(100);
-- case varchar_to_char
ALTER TABLE t ALTER COLUMN v TYPE char(60);
-- case char_longer
ALTER TABLE t ALTER COLUMN ch TYPE char(20);
-- case char_to_varchar
ALTER TABLE t ALTER COLUMN ch TYPE varchar(10);
-- case varchar_using_same_text
ALTER TABLE t ALTER COLUMN v TYPE text USING v::text;
-- case varchar_using_function
ALTER TABLE t ALTER COLUMN v TYPE text USING trim(v);
-- case varchar_using_shorter
ALTER TABLE t ALTER COLUMN v TYPE varchar(3) USING v::varchar(3);
-- case numeric_more_digits
ALTER TABLE t ALTER COLUMN n TYPE numeric(20, 2);
-- case numeric_fewer_digits
ALTER TABLE t ALTER COLUMN n TYPE numeric(8, 2);
-- case numeric_other_scale
ALTER TABLE t ALTER COLUMN n TYPE numeric(12, 4);
-- case numeric_unlimited
ALTER TABLE t ALTER COLUMN n TYPE numeric;
-- case numeric_limited
ALTER TABLE t ALTER COLUMN nfree TYPE numeric(10, 2);
-- case numeric_to_int
ALTER TABLE t ALTER COLUMN n TYPE int;
-- case int_to_numeric
ALTER TABLE t ALTER COLUMN i TYPE numeric;
-- case timestamp_more_precise
ALTER TABLE t ALTER COLUMN ts3 TYPE timestamp(6);
-- case timestamp_unlimited
ALTER TABLE t ALTER COLUMN ts3 TYPE timestamp;
-- case timestamp_full_precision
ALTER TABLE t ALTER COLUMN ts TYPE timestamp(6);
-- case timestamp_less_precise
ALTER TABLE t ALTER COLUMN ts TYPE timestamp(0);
-- case timestamptz_more_precise
ALTER TABLE t ALTER COLUMN tz3 TYPE timestamptz(6);
-- case timestamp_to_timestamptz_utc
ALTER TABLE t ALTER COLUMN ts TYPE timestamptz;
-- case timestamptz_to_timestamp_utc
ALTER TABLE t ALTER COLUMN tz TYPE timestamp;
-- case timestamp3_to_timestamptz3_utc
ALTER TABLE t ALTER COLUMN ts3 TYPE timestamptz(3);
-- case timestamp_to_timestamptz_elsewhere
SET TimeZone = 'Europe/Berlin';
ALTER TABLE t ALTER COLUMN ts TYPE timestamptz;
-- case timestamp_to_timestamptz_using
ALTER TABLE t ALTER COLUMN ts TYPE timestamptz USING ts AT TIME ZONE 'UTC';
-- case timestamp_to_timestamptz_indexed
CREATE INDEX t_ts ON t (ts);
ALTER TABLE t ALTER COLUMN ts TYPE timestamptz;
-- case timestamp_to_date
ALTER TABLE t ALTER COLUMN ts TYPE date;
-- case date_to_timestamp
ALTER TABLE t ALTER COLUMN d TYPE timestamp;
-- case interval_more_precise
ALTER TABLE t ALTER COLUMN iv3 TYPE interval;
-- case varbit_longer
ALTER TABLE t ALTER COLUMN vb TYPE varbit(16);
-- case cidr_to_inet
ALTER TABLE t ALTER COLUMN c TYPE inet;
-- case json_to_jsonb
ALTER TABLE t ALTER COLUMN j TYPE jsonb;
-- case float_to_real
ALTER TABLE t ALTER COLUMN f TYPE real;
-- case real_to_float
ALTER TABLE t ALTER COLUMN r TYPE float8;
-- case text_to_enum
ALTER TABLE t ALTER COLUMN free TYPE mood USING free::mood;
-- case enum_swap
ALTER TABLE t ADD COLUMN m mood DEFAULT 'good';
ALTER TABLE t ALTER COLUMN m DROP DEFAULT;
ALTER TABLE t ALTER COLUMN m TYPE mood_new USING m::text::mood_new;
-- case to_array
ALTER TABLE t ALTER COLUMN i TYPE int[] USING ARRAY[i];
-- case collation
ALTER TABLE t ALTER COLUMN x TYPE text COLLATE "POSIX";
-- case collation_indexed
CREATE INDEX t_x ON t (x);
ALTER TABLE t ALTER COLUMN x TYPE text COLLATE "POSIX";
-- case widening_with_plain_index
CREATE INDEX t_v ON t (v);
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case widening_with_expression_index
CREATE INDEX t_v ON t (lower(v));
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case widening_with_partial_index
CREATE INDEX t_v ON t (id) WHERE v <> '';
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case widening_with_unique
ALTER TABLE t ADD CONSTRAINT t_v UNIQUE (v);
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case widening_with_check
ALTER TABLE t ADD CONSTRAINT t_v CHECK (v <> '');
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case widening_with_foreign_key
CREATE TABLE target (code varchar(50) PRIMARY KEY);
CREATE TABLE source (code varchar(50) CONSTRAINT source_target REFERENCES target (code));
INSERT INTO target VALUES ('a');
INSERT INTO source VALUES ('a');
ALTER TABLE source ALTER COLUMN code TYPE varchar(100);
-- case widening_referenced
CREATE TABLE target (code varchar(50) PRIMARY KEY);
CREATE TABLE source (code varchar(50) CONSTRAINT source_target REFERENCES target (code));
INSERT INTO target VALUES ('a');
INSERT INTO source VALUES ('a');
ALTER TABLE target ALTER COLUMN code TYPE varchar(100);
-- case rewrite_with_foreign_key
ALTER TABLE t ALTER COLUMN parent_id TYPE bigint;
-- case rewrite_referenced
ALTER TABLE parent ALTER COLUMN id TYPE bigint;
-- case rewrite_other_column_with_foreign_key
ALTER TABLE t ALTER COLUMN i TYPE bigint;
-- case rewrite_indexed
CREATE INDEX t_i ON t (i);
ALTER TABLE t ALTER COLUMN i TYPE bigint;
-- case with_default
ALTER TABLE t ALTER COLUMN i SET DEFAULT 1;
ALTER TABLE t ALTER COLUMN i TYPE bigint;
-- case with_default_that_does_not_convert
ALTER TABLE t ALTER COLUMN b SET DEFAULT true;
ALTER TABLE t ALTER COLUMN b TYPE int USING b::int;
-- case in_a_view
CREATE VIEW w AS SELECT v FROM t;
ALTER TABLE t ALTER COLUMN v TYPE text;
-- case two_columns
ALTER TABLE t ALTER COLUMN i TYPE bigint, ALTER COLUMN v TYPE text;
-- case varchar_array_longer
ALTER TABLE t ADD COLUMN tags varchar(10)[];
ALTER TABLE t ALTER COLUMN tags TYPE varchar(20)[];
-- case int_to_oid
ALTER TABLE t ALTER COLUMN i TYPE oid;
-- case bpchar_to_text
ALTER TABLE t ALTER COLUMN ch TYPE text;
-- case varchar_using_column
ALTER TABLE t ALTER COLUMN v TYPE text USING (v);
-- case text_via_varchar
ALTER TABLE t ALTER COLUMN x TYPE text USING x::varchar::text;
-- case domain_to_base
ALTER TABLE t ADD COLUMN dom plain_domain;
ALTER TABLE t ALTER COLUMN dom TYPE int;
-- case checked_domain_to_base
ALTER TABLE t ADD COLUMN dom checked_domain;
ALTER TABLE t ALTER COLUMN dom TYPE int;
-- case time_more_precise
ALTER TABLE t ADD COLUMN clock time(3);
ALTER TABLE t ALTER COLUMN clock TYPE time(6);
-- case timestamptz_to_timestamp_using_utc
ALTER TABLE t ALTER COLUMN tz TYPE timestamp USING tz AT TIME ZONE 'UTC';
-- case timestamp_to_timestamptz_limited
ALTER TABLE t ALTER COLUMN ts TYPE timestamptz(6);
-- case numeric_scale_zero
ALTER TABLE t ADD COLUMN whole numeric(5);
ALTER TABLE t ALTER COLUMN whole TYPE numeric(10, 0);
-- case bit_to_varbit
ALTER TABLE t ADD COLUMN bits bit(8);
ALTER TABLE t ALTER COLUMN bits TYPE varbit(8);
-- case char_to_same
ALTER TABLE t ALTER COLUMN ch TYPE char(10);
-- case enum_to_text
ALTER TABLE t ADD COLUMN m mood;
ALTER TABLE t ALTER COLUMN m TYPE text;
-- case with_set_default
ALTER TABLE t ALTER COLUMN i TYPE bigint, ALTER COLUMN i SET DEFAULT 5;
-- case free_with_set_not_null
ALTER TABLE t ALTER COLUMN v TYPE text, ALTER COLUMN v SET NOT NULL;
-- case generated_source
ALTER TABLE t ADD COLUMN g int GENERATED ALWAYS AS (i + 1) STORED;
ALTER TABLE t ALTER COLUMN i TYPE bigint;
-- case widening_in_multi_index
CREATE INDEX t_multi ON t (i, v);
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case widening_with_include
CREATE INDEX t_multi ON t (i) INCLUDE (v);
ALTER TABLE t ALTER COLUMN v TYPE varchar(100);
-- case varchar_to_text_indexed
CREATE INDEX t_v ON t (v);
ALTER TABLE t ALTER COLUMN v TYPE text;
-- case referenced_by_itself
CREATE TABLE tree (id int PRIMARY KEY, up int REFERENCES tree (id));
INSERT INTO tree VALUES (1, 1);
ALTER TABLE tree ALTER COLUMN id TYPE bigint;
