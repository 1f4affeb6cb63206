-- proves: after 1: SELECT count(*) FROM invoice_dropped_2026_11
-- given
CREATE TABLE invoice (id int PRIMARY KEY);
INSERT INTO invoice VALUES (1);
-- migration
CREATE TABLE draft (id int);
DROP TABLE draft;
ALTER TABLE invoice RENAME TO invoice_dropped_2026_11;
