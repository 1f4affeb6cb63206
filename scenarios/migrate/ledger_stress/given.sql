CREATE TABLE "User" ("id" serial PRIMARY KEY, "email" text NOT NULL);
CREATE TABLE _prisma_migrations (id varchar(36) PRIMARY KEY NOT NULL, checksum varchar(64) NOT NULL, finished_at timestamptz, migration_name varchar(255) NOT NULL, logs text, rolled_back_at timestamptz, started_at timestamptz NOT NULL DEFAULT now(), applied_steps_count integer NOT NULL DEFAULT 0);
INSERT INTO _prisma_migrations VALUES
 ('1', 'x', NULL, '20250101000000_init', 'no', '2025-01-01 10:00Z', '2025-01-01 09:00Z', 0),
 ('2', 'x', '2025-01-01 11:01Z', '20250101000000_init', NULL, NULL, '2025-01-01 11:00Z', 1),
 ('3', 'x', '2025-01-01 12:01Z', '20250101000000_init', '', NULL, '2025-01-01 12:00Z', 0),
 ('4', 'x', '2025-02-01 12:01Z', '20250201000000_add_name', NULL, '2025-02-01 13:00Z', '2025-02-01 12:00Z', 1);
