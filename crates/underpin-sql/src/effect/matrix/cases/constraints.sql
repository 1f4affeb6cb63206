-- Constraints on tables that exist and hold rows.
CREATE TABLE parent (id int PRIMARY KEY, code int UNIQUE);
CREATE TABLE t (id int PRIMARY KEY, a int, u int NOT NULL, k int, parent_id int);
CREATE UNIQUE INDEX t_u ON t (u);
CREATE UNIQUE INDEX t_a ON t (a);
CREATE TABLE bare (id int NOT NULL, n int, parent_id int CONSTRAINT bare_parent REFERENCES parent (id));
INSERT INTO parent SELECT g, g FROM generate_series(1, 50) g;
INSERT INTO t SELECT g, g, g, g, g FROM generate_series(1, 50) g;
INSERT INTO bare SELECT g, g, g FROM generate_series(1, 50) g;

-- case add_check
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);
-- case add_check_not_valid
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
-- case add_check_not_enforced
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT ENFORCED;
-- case validate_check
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT c;
-- case validate_already_valid
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);
ALTER TABLE t VALIDATE CONSTRAINT c;
-- case drop_check
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);
ALTER TABLE t DROP CONSTRAINT c;
-- case add_check_violated
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 10);
-- case add_foreign_key
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id);
-- case add_foreign_key_not_valid
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id) NOT VALID;
-- case add_foreign_key_not_enforced
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id) NOT ENFORCED;
-- case add_foreign_key_self
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (k) REFERENCES t (id);
-- case add_foreign_key_from_new_table
CREATE TABLE fresh (parent_id int);
INSERT INTO fresh VALUES (1);
ALTER TABLE fresh ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id);
-- case validate_foreign_key
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id) NOT VALID;
ALTER TABLE t VALIDATE CONSTRAINT f;
-- case alter_foreign_key_deferrable
ALTER TABLE bare ALTER CONSTRAINT bare_parent DEFERRABLE;
-- case alter_foreign_key_not_enforced
ALTER TABLE bare ALTER CONSTRAINT bare_parent NOT ENFORCED;
-- case drop_foreign_key
ALTER TABLE bare DROP CONSTRAINT bare_parent;
-- case replace_foreign_key_action
ALTER TABLE bare DROP CONSTRAINT bare_parent, ADD CONSTRAINT bare_parent FOREIGN KEY (parent_id) REFERENCES parent (id) ON DELETE CASCADE;
-- case add_unique
ALTER TABLE t ADD CONSTRAINT q UNIQUE (k);
-- case add_unique_nulls_not_distinct
ALTER TABLE t ADD CONSTRAINT q UNIQUE NULLS NOT DISTINCT (k);
-- case add_unique_using_index
ALTER TABLE t ADD CONSTRAINT q UNIQUE USING INDEX t_a;
-- case add_primary_key
ALTER TABLE bare ADD CONSTRAINT q PRIMARY KEY (id);
-- case add_primary_key_nullable
ALTER TABLE bare ADD CONSTRAINT q PRIMARY KEY (n);
-- case add_primary_key_using_index
CREATE UNIQUE INDEX bare_id ON bare (id);
ALTER TABLE bare ADD CONSTRAINT q PRIMARY KEY USING INDEX bare_id;
-- case add_primary_key_using_index_nullable
CREATE UNIQUE INDEX bare_n ON bare (n);
ALTER TABLE bare ADD CONSTRAINT q PRIMARY KEY USING INDEX bare_n;
-- case add_exclusion
ALTER TABLE t ADD CONSTRAINT q EXCLUDE USING btree (k WITH =);
-- case drop_unique
ALTER TABLE t ADD CONSTRAINT q UNIQUE (k);
ALTER TABLE t DROP CONSTRAINT q;
-- case drop_primary_key
ALTER TABLE t DROP CONSTRAINT t_pkey;
-- case drop_primary_key_referenced_cascade
ALTER TABLE parent DROP CONSTRAINT parent_pkey CASCADE;
-- case drop_primary_key_referenced
ALTER TABLE parent DROP CONSTRAINT parent_pkey;
-- case drop_if_exists_missing
ALTER TABLE t DROP CONSTRAINT IF EXISTS nothing;
-- case rename
ALTER TABLE t RENAME CONSTRAINT t_pkey TO t_key;
-- case rename_foreign_key
ALTER TABLE bare RENAME CONSTRAINT bare_parent TO bare_p;
-- case two_foreign_keys
ALTER TABLE t ADD FOREIGN KEY (parent_id) REFERENCES parent (id), ADD FOREIGN KEY (k) REFERENCES parent (code) NOT VALID;
-- case set_constraints
SET CONSTRAINTS ALL DEFERRED;
-- case comment
COMMENT ON CONSTRAINT bare_parent ON bare IS 'x';
-- case add_foreign_key_not_valid_and_validate
ALTER TABLE t ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id) NOT VALID, VALIDATE CONSTRAINT f;
-- case drop_two_foreign_keys
ALTER TABLE bare ADD CONSTRAINT other FOREIGN KEY (n) REFERENCES t (id);
ALTER TABLE bare DROP CONSTRAINT bare_parent, DROP CONSTRAINT other;
-- case drop_unnamed_foreign_key
CREATE TABLE extra (parent_id int REFERENCES parent (id), t_id int REFERENCES t);
ALTER TABLE extra DROP CONSTRAINT extra_t_id_fkey;
-- case drop_unnamed_check
CREATE TABLE extra (n int CHECK (n > 0));
ALTER TABLE extra DROP CONSTRAINT extra_n_check;
-- case drop_unnamed_unique
CREATE TABLE extra (n int UNIQUE, m int, UNIQUE (n, m));
ALTER TABLE extra DROP CONSTRAINT extra_n_m_key;
-- case drop_unique_referenced_cascade
CREATE TABLE extra (code int REFERENCES parent (code));
ALTER TABLE parent DROP CONSTRAINT parent_code_key CASCADE;
-- case add_check_and_column
ALTER TABLE t ADD COLUMN x int, ADD CONSTRAINT c CHECK (x > 0);
-- case add_primary_key_after_drop
ALTER TABLE t DROP CONSTRAINT t_pkey, ADD PRIMARY KEY (u);
-- case add_unique_using_index_same_name
ALTER TABLE t ADD CONSTRAINT t_a UNIQUE USING INDEX t_a;
-- case add_unique_using_index_unnamed
ALTER TABLE t ADD UNIQUE USING INDEX t_a;
-- case add_check_no_inherit
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0) NO INHERIT;
-- case rename_check
ALTER TABLE t ADD CONSTRAINT c CHECK (a > 0);
ALTER TABLE t RENAME CONSTRAINT c TO d;
-- case drop_missing
ALTER TABLE t DROP CONSTRAINT nothing;
-- case validate_missing
ALTER TABLE t VALIDATE CONSTRAINT nothing;
-- case add_foreign_key_not_null_column
ALTER TABLE t ALTER COLUMN parent_id SET NOT NULL, ADD CONSTRAINT f FOREIGN KEY (parent_id) REFERENCES parent (id);
