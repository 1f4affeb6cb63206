DO $$ BEGIN CREATE ROLE scenario_standby LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
ALTER ROLE scenario_standby SET default_transaction_read_only = on;
