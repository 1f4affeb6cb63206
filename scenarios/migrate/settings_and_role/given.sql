DO $$ BEGIN CREATE ROLE scenario_limited_role; EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL; END $$;
