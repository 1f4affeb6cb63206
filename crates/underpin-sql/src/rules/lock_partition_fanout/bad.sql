-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- facts: {"tables": {"measure": {"partitions": 365}}}
-- proves: locks AccessExclusiveLock measure
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
-- migration
ALTER TABLE measure ADD COLUMN w int;
