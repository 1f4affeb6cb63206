-- proves: spares AccessExclusiveLock person
-- proves: lets: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ALTER COLUMN id SET STATISTICS 500;
