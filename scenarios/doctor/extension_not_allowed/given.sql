DO $$ BEGIN CREATE ROLE scenario_plain LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT ALL ON SCHEMA public TO scenario_plain;
DO $$ BEGIN EXECUTE format('GRANT CREATE ON DATABASE %I TO scenario_plain', current_database()); END $$;
