-- proves: waits: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
REINDEX TABLE CONCURRENTLY person;
