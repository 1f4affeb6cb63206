-- proves: answers: SELECT twice(1)
-- given
CREATE FUNCTION twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i * 2';
-- migration
DROP FUNCTION twice(int);
CREATE FUNCTION twice(i bigint) RETURNS bigint LANGUAGE sql AS 'SELECT i * 2';
