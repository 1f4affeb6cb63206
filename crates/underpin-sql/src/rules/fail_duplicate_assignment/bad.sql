-- also: TX-DATA-IN-MIGRATION
-- proves: fails 42601
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
UPDATE person SET email = 'a', email = 'b' WHERE id = 1;
