-- proves: passes
-- facts: {"extensions": ["plpgsql"]}
-- migration
CREATE EXTENSION IF NOT EXISTS plpgsql;
