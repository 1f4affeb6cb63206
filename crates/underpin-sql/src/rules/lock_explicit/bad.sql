-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
LOCK TABLE person;
