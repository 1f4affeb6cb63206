-- facts: {"free_bytes": 9000000000, "tables": {"person": {"bytes": 900000000}}}
-- unproven: the same statement; what differs is the space that is free
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
