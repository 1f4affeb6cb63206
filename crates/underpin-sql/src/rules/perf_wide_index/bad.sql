-- migration
CREATE TABLE t (a int, b int, c int, d int);
CREATE INDEX t_idx ON t (a, b, c, d);
