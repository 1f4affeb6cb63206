-- proves: after 1.0: SELECT extversion FROM pg_extension WHERE extname = 'plpgsql'
-- migration
CREATE EXTENSION IF NOT EXISTS plpgsql VERSION '1.0';
