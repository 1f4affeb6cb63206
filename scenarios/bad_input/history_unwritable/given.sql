DO $$ BEGIN CREATE ROLE scenario_limited LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$;
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations VALUES ('1', repeat('0', 64), now(), '20240101000000_init', NULL, NULL, now(), 1);
GRANT SELECT ON _prisma_migrations TO scenario_limited;
