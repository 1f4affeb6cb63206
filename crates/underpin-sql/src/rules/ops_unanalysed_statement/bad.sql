-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
