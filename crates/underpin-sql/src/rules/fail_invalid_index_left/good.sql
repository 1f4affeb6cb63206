-- proves: fails 42P07
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
DO $$ BEGIN EXECUTE 'CREATE INDEX person_email' || '_idx ON person (email)'; UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'person_email_idx'::regclass; END $$;
-- migration
CREATE INDEX CONCURRENTLY person_email_idx ON person (email);
