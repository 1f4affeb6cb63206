-- proves: locks AccessExclusiveLock measure_2025
-- proves: scans measure_2025
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_2025 (at date NOT NULL, v int);
-- migration
ALTER TABLE measure ATTACH PARTITION measure_2025 FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
