-- since: 14
-- proves: waits: SELECT count(*) FROM measure
-- proves: passes
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
-- migration
ALTER TABLE measure DETACH PARTITION measure_2024 CONCURRENTLY;
