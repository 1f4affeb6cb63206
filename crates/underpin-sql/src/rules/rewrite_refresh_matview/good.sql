-- proves: lets: SELECT v FROM totals
-- given
CREATE TABLE sale (id int PRIMARY KEY, v int);
CREATE MATERIALIZED VIEW totals AS SELECT 1 AS k, sum(v) AS v FROM sale;
CREATE UNIQUE INDEX totals_k ON totals (k);
-- migration
REFRESH MATERIALIZED VIEW CONCURRENTLY totals;
