-- unproven: the signatures of routines are not followed; a replay finds it
-- also: COMPAT-REPLACE-ROUTINE
-- given
CREATE FUNCTION f(i int) RETURNS int LANGUAGE sql AS 'SELECT 1';
-- migration
CREATE OR REPLACE FUNCTION f(i int) RETURNS text LANGUAGE sql AS $$ SELECT '1' $$;
