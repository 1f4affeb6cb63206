-- proves: locks ShareLock measure_2025
-- proves: builds measure_2025
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_2025 PARTITION OF measure FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
-- migration
CREATE INDEX measure_v_idx ON measure (v);
