-- given
CREATE TABLE person (id int PRIMARY KEY, age text);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE int USING age::int;
