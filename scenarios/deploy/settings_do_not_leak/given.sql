DO $$ BEGIN CREATE ROLE scenario_owner; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
GRANT CREATE, USAGE ON SCHEMA public TO scenario_owner;
