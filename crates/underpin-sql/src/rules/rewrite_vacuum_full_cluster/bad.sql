-- proves: rewrites person
-- given
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person VALUES (1);
-- migration
VACUUM FULL person;
