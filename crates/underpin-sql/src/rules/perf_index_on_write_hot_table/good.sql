-- facts: {"tables": {"t": {"writes_per_second": 9}}}
-- given
CREATE TABLE t (id int PRIMARY KEY, a int);
-- migration
CREATE INDEX CONCURRENTLY t_a_idx ON t (a);
