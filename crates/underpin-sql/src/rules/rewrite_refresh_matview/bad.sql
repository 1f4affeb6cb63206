-- proves: locks AccessExclusiveLock totals
-- proves: rewrites totals
-- proves: blocks: SELECT v FROM totals
-- given
CREATE TABLE sale (id int PRIMARY KEY, v int);
CREATE MATERIALIZED VIEW totals AS SELECT sum(v) AS v FROM sale;
-- migration
REFRESH MATERIALIZED VIEW totals;
