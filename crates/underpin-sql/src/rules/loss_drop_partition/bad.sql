-- proves: locks AccessExclusiveLock measure
-- proves: after 0: SELECT count(*) FROM measure
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
CREATE TABLE measure_2024 PARTITION OF measure FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');
INSERT INTO measure VALUES ('2024-06-01', 1);
-- migration
DROP TABLE measure_2024;
