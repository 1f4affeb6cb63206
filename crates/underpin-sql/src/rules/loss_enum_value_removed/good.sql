-- proves: after guest: SELECT role FROM account
-- given
CREATE TYPE role AS ENUM ('user', 'admin', 'guest');
CREATE TABLE account (id int PRIMARY KEY, role role NOT NULL);
INSERT INTO account VALUES (1, 'guest');
-- migration
CREATE TYPE role_new AS ENUM ('guest', 'user', 'admin', 'owner');
ALTER TABLE account ALTER COLUMN role TYPE role_new USING (role::text::role_new);
