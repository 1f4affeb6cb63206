-- facts: {"tables": {"measure": {"partitions": 3}}}
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
-- migration
ALTER TABLE measure ADD COLUMN w int;
