-- migration
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT i * 2';
