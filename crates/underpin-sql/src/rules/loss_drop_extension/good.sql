-- proves: passes
-- migration
CREATE EXTENSION IF NOT EXISTS plpgsql;
