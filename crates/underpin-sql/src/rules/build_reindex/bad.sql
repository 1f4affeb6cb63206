-- proves: locks ShareLock person
-- proves: builds person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
REINDEX TABLE person;
