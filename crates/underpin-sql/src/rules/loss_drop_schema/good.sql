-- unproven: the schema is made here: nothing was in it
-- migration
CREATE SCHEMA scratch;
DROP SCHEMA scratch CASCADE;
