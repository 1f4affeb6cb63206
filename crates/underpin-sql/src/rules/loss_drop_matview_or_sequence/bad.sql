-- also: OPS-UNANALYSED-STATEMENT
-- given
CREATE SEQUENCE ticket;
-- migration
DROP SEQUENCE ticket;
