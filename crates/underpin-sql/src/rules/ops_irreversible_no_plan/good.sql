-- facts: {"recovery": "backup of 2026-11-21 03:00"}
-- unproven: the same statement; what differs is that a backup is named
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
DROP TABLE person;
