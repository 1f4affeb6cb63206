-- also: COMPAT-CACHED-PLAN, LOSS-ENUM-VALUE-REMOVED, OPS-ANALYZE-NEEDED, REWRITE-ALTER-COLUMN-TYPE
-- proves: fails 22P02
-- given
CREATE TYPE role AS ENUM ('user', 'guest');
CREATE TABLE account (id int PRIMARY KEY, role role NOT NULL);
INSERT INTO account VALUES (1, 'guest');
-- migration
CREATE TYPE role_new AS ENUM ('user');
ALTER TABLE account ALTER COLUMN role TYPE role_new USING (role::text::role_new);
