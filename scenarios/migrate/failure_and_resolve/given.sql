CREATE TABLE "User" ("id" serial PRIMARY KEY, "email" text NOT NULL);
INSERT INTO "User" ("email") VALUES ('a'), ('a');
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations VALUES ('00000000-0000-0000-0000-000000000001', '1e', '2025-01-01Z', '20250101000000_init', NULL, NULL, '2025-01-01Z', 1);
