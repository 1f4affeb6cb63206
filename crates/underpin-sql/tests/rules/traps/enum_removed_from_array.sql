-- also: COMPAT-CACHED-PLAN, FAIL-ENUM-REMOVED-VALUE-IN-USE, LOSS-ENUM-VALUE-REMOVED, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- given
CREATE TYPE role AS ENUM ('a', 'b');
CREATE TABLE e (id int PRIMARY KEY, roles role[]);
-- migration
CREATE TYPE role_new AS ENUM ('a');
ALTER TABLE e ALTER COLUMN roles TYPE role_new[] USING (roles::text::role_new[]);
ALTER TYPE role RENAME TO role_old;
ALTER TYPE role_new RENAME TO role;
DROP TYPE role_old;
