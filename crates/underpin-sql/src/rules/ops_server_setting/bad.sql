-- proves: holds 1: SELECT count(*) FROM pg_db_role_setting WHERE setrole = current_user::regrole
-- migration
ALTER ROLE CURRENT_USER SET statement_timeout = '5s';
