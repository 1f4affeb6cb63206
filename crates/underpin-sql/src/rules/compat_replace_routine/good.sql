-- proves: after 4: SELECT twice(2)
-- migration
CREATE OR REPLACE FUNCTION twice(i int) RETURNS int LANGUAGE sql AS 'SELECT i + i';
