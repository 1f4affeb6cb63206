-- also: COMPAT-DROP-TABLE, OPS-UNANALYSED-STATEMENT
-- proves: locks AccessExclusiveLock invoice
-- given
CREATE TABLE invoice (id int PRIMARY KEY);
-- migration
DROP TABLE invoice;
