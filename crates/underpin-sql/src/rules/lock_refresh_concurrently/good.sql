-- proves: locks AccessExclusiveLock totals
-- given
CREATE TABLE sale (id int PRIMARY KEY, v int);
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS k, sum(v) AS v FROM sale;
-- migration
REFRESH MATERIALIZED VIEW totals WITH NO DATA;
