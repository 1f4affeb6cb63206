-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- server: 10
-- unproven: PostgreSQL 10 is not among the servers that tests have
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN n int NOT NULL DEFAULT 0;
