-- proves: passes
-- given
CREATE TYPE status AS ENUM ('open', 'closed');
CREATE TABLE ticket (id int PRIMARY KEY, status status, note text);
-- migration
ALTER TYPE status ADD VALUE 'waiting';
ALTER TABLE ticket ALTER COLUMN status SET DEFAULT 'open';
