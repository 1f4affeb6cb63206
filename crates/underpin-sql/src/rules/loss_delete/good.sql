-- given
CREATE TABLE session (id int PRIMARY KEY, expires timestamptz);
-- migration
DELETE FROM session WHERE expires < '2026-01-01';
