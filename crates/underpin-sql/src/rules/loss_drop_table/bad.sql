-- also: COMPAT-DROP-TABLE
-- proves: locks AccessExclusiveLock invoice
-- proves: breaks 42P01: SELECT id FROM invoice
-- given
CREATE TABLE invoice (id int PRIMARY KEY);
-- migration
DROP TABLE invoice;
