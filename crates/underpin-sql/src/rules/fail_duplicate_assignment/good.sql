-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
UPDATE person SET email = 'a' WHERE id = 1;
