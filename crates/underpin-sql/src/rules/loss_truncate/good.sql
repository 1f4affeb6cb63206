-- proves: after 1: SELECT count(*) FROM session
-- given
CREATE TABLE session (id int PRIMARY KEY, expires timestamptz);
INSERT INTO session VALUES (1, '2026-06-01');
-- migration
CREATE TABLE import (id int);
TRUNCATE import;
DELETE FROM session WHERE expires < '2026-01-01';
