-- given
CREATE TABLE session (id int PRIMARY KEY, expires timestamptz);
-- migration
CREATE TABLE import (id int);
TRUNCATE import;
DELETE FROM session WHERE expires < '2026-01-01';
