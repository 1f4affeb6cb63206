-- facts: {"tables": {"person": {"reads_per_second": 9, "writes_per_second": 4}}}
-- unproven: the same statement; what differs is the traffic
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN nick text;
