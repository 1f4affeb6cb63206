-- given
CREATE SEQUENCE ticket;
-- migration
DROP SEQUENCE ticket;
