-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY, number bigint NOT NULL);
-- migration
ALTER TABLE person ALTER COLUMN number ADD GENERATED ALWAYS AS IDENTITY;
