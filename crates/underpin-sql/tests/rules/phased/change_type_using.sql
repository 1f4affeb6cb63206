-- proves: after 33: SELECT age FROM person WHERE id = 1
-- given
CREATE TABLE person (id int PRIMARY KEY, age text);
INSERT INTO person VALUES (1, '33'), (2, NULL), (3, '');
-- migration
ALTER TABLE person ALTER COLUMN age SET DATA TYPE int USING nullif(person.age, '')::int;
