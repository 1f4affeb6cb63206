-- facts: {"replicas": 0}
-- unproven: the same statement; what differs is that nobody follows
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ALTER COLUMN age TYPE bigint;
