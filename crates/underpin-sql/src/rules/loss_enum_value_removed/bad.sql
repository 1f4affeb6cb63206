-- also: COMPAT-CACHED-PLAN, FAIL-ENUM-REMOVED-VALUE-IN-USE, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- proves: rewrites account
-- proves: breaks 22P02: SELECT 'guest'::role
-- given
CREATE TYPE role AS ENUM ('user', 'admin', 'guest');
CREATE TABLE account (id int PRIMARY KEY, role role NOT NULL);
-- migration
CREATE TYPE role_new AS ENUM ('user', 'admin');
ALTER TABLE account ALTER COLUMN role TYPE role_new USING (role::text::role_new);
ALTER TYPE role RENAME TO role_old;
ALTER TYPE role_new RENAME TO role;
DROP TYPE role_old;
