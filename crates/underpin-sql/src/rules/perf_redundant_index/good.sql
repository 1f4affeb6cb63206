-- given
CREATE TABLE t (id int PRIMARY KEY, a int, b int);
CREATE INDEX t_a_b_idx ON t (a, b);
-- migration
CREATE INDEX CONCURRENTLY t_b_idx ON t (b);
