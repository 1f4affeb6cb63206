-- also: COMPAT-CACHED-PLAN, COMPAT-TYPE-CHANGE, OPS-ANALYZE-NEEDED
-- proves: rewrites invoice
-- given
CREATE TABLE invoice (id int PRIMARY KEY, number int);
-- migration
ALTER TABLE invoice ALTER COLUMN number TYPE bigint;
