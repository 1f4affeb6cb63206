-- proves: makes person
-- migration
CREATE TABLE person (id int PRIMARY KEY);
LOCK TABLE person;
