-- also: OPS-UNANALYSED-STATEMENT
-- proves: after t: SELECT installed_version = default_version FROM pg_available_extensions WHERE name = 'plpgsql'
-- migration
ALTER EXTENSION plpgsql UPDATE;
