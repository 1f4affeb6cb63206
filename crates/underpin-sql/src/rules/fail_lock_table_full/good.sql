-- facts: {"lock_slots": 6400, "tables": {"measure": {"partitions": 40}}}
-- unproven: the same statement; what differs is the number of partitions
-- given
CREATE TABLE measure (at date NOT NULL PRIMARY KEY, v int) PARTITION BY RANGE (at);
-- migration
ALTER TABLE measure ADD COLUMN w int;
