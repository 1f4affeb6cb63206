-- proves: after 33: SELECT age FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, age text);
INSERT INTO person VALUES (1, '33');
-- migration
ALTER TABLE person ALTER COLUMN age TYPE int USING age::int;
