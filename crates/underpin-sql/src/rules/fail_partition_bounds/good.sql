-- server: 15
-- proves: passes
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
-- migration
CREATE INDEX measure_at_idx ON ONLY measure (at);
