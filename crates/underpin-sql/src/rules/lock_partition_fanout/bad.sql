-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- facts: {"tables": {"measure": {"partitions": 365}}}
-- proves: locks AccessExclusiveLock measure
-- proves: locks AccessExclusiveLock measure_1
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_1 PARTITION OF measure FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
-- migration
ALTER TABLE measure ADD COLUMN w int;
