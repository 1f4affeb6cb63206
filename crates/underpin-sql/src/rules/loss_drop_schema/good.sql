-- migration
CREATE SCHEMA scratch;
DROP SCHEMA scratch CASCADE;
