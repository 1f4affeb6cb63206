-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- proves: after f: SELECT indisvalid FROM pg_index WHERE indexrelid = 'person_email_idx'::regclass
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
DO $$ BEGIN EXECUTE 'CREATE INDEX person_email' || '_idx ON person (email)'; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'person_email_idx'::regclass; END $$;
-- migration
CREATE INDEX CONCURRENTLY IF NOT EXISTS person_email_idx ON person (email);
