-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- server: 15
-- proves: fails 0A000
-- given
CREATE TABLE measure (at date NOT NULL, v int) PARTITION BY RANGE (at);
-- migration
CREATE INDEX CONCURRENTLY measure_at_idx ON measure (at);
