-- unproven: what autovacuum leaves undone shows after hours of writes
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person SET (autovacuum_vacuum_scale_factor = 0.01);
