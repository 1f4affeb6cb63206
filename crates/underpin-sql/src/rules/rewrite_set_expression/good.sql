-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text, low text GENERATED ALWAYS AS (lower(email)) STORED);
-- migration
ALTER TABLE person ALTER COLUMN low DROP EXPRESSION;
