-- migration
CREATE SEQUENCE ticket;
DROP SEQUENCE ticket;
