-- facts: {"lock_slots": 6400, "tables": {"measure": {"partitions": 40}}}
-- given
CREATE TABLE measure (at date NOT NULL PRIMARY KEY, v int) PARTITION BY RANGE (at);
-- migration
ALTER TABLE measure ADD COLUMN w int;
