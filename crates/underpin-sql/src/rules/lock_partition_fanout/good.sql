-- facts: {"tables": {"measure": {"partitions": 3}}}
-- unproven: the same statement; what differs is the number of partitions
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
-- migration
ALTER TABLE measure ADD COLUMN w int;
