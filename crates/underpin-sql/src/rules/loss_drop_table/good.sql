-- given
CREATE TABLE invoice (id int PRIMARY KEY);
-- migration
CREATE TABLE draft (id int);
DROP TABLE draft;
ALTER TABLE invoice RENAME TO invoice_dropped_2026_11;
