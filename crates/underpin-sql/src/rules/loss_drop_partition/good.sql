-- proves: after 1: SELECT count(*) FROM measure_2024
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO measure VALUES ('2024-06-01', 1);
-- migration
ALTER TABLE measure DETACH PARTITION measure_2024;
