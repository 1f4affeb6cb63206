-- also: LOCK-CREATE-PARTITION
-- proves: locks AccessExclusiveLock measure_rest
-- proves: scans measure_rest
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_rest PARTITION OF measure DEFAULT;
-- migration
CREATE TABLE measure_2026 PARTITION OF measure FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
