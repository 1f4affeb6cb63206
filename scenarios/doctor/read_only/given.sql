DO $$ BEGIN CREATE ROLE scenario_read_only LOGIN SUPERUSER; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE scenario_read_only SET default_transaction_read_only = on;
