-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
UPDATE person SET email = '' WHERE id = 7;
