-- proves: breaks 42883: SELECT twice(1)
-- given
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i * 2';
-- migration
DROP FUNCTION twice(int);
