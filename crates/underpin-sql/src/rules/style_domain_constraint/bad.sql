-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
