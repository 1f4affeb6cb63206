-- proves: breaks 42P01: SELECT nextval('ticket')
-- given
CREATE SEQUENCE ticket;
-- migration
DROP SEQUENCE ticket;
