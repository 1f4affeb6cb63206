-- also: COMPAT-DROP-TABLE
-- proves: locks AccessExclusiveLock invoice
-- given
CREATE TABLE invoice (id int PRIMARY KEY);
-- migration
DROP TABLE invoice;
