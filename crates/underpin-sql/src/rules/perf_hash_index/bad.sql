-- migration
CREATE TABLE t (a text);
CREATE INDEX t_idx ON t USING hash (a);
