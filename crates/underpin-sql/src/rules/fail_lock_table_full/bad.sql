-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA, LOCK-PARTITION-FANOUT
-- facts: {"lock_slots": 6400, "tables": {"measure": {"partitions": 4000}}}
-- proves: locks AccessExclusiveLock measure_1
-- proves: locks AccessExclusiveLock measure_2
-- given
CREATE TABLE measure (at date NOT NULL PRIMARY KEY, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_1 PARTITION OF measure FOR VALUES FROM ('2025-01-01') TO ('2025-02-01');
CREATE TABLE measure_2 PARTITION OF measure FOR VALUES FROM ('2025-02-01') TO ('2025-03-01');
-- migration
ALTER TABLE measure ADD COLUMN w int;
