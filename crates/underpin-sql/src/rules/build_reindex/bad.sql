-- proves: locks ShareLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
REINDEX TABLE person;
