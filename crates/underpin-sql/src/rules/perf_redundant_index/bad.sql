-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- given
CREATE TABLE t (id int PRIMARY KEY, a int, b int);
CREATE INDEX t_a_b_idx ON t (a, b);
-- migration
CREATE INDEX CONCURRENTLY t_a_idx ON t (a);
