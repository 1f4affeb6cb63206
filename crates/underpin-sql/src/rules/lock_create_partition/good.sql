-- proves: spares AccessExclusiveLock measure
-- proves: lets: SELECT count(*) FROM measure
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
-- migration
CREATE TABLE measure_2026 (LIKE measure);
ALTER TABLE measure ATTACH PARTITION measure_2026 FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
