-- unproven: the sequence is made here: nothing was counted with it
-- migration
CREATE SEQUENCE ticket;
DROP SEQUENCE ticket;
