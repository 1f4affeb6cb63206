-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
VACUUM person;
