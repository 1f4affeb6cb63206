-- also: COMPAT-ENUM-VALUE-ADDED, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: fails 55P04
-- given
CREATE TYPE status AS ENUM ('open', 'closed');
CREATE TABLE ticket (id int PRIMARY KEY, status status);
-- migration
ALTER TYPE status ADD VALUE 'waiting';
ALTER TABLE ticket ALTER COLUMN status SET DEFAULT 'waiting';
