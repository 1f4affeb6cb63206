-- proves: holds 0: SELECT count(*) FROM pg_db_role_setting WHERE setrole = current_user::regrole
-- migration
SET LOCAL statement_timeout = '5s';
CREATE TABLE person (id int PRIMARY KEY);
