-- also: TX-DATA-IN-MIGRATION
-- proves: blocks: UPDATE person SET email = 'x' WHERE id = 8
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (7, NULL), (8, NULL);
-- migration
UPDATE person SET email = '' WHERE email IS NULL;
