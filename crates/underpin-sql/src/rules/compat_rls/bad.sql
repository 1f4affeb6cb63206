-- also: LOCK-ACCESS-EXCLUSIVE-METADATA, LOCK-POLICY-OR-RULE
-- proves: locks AccessExclusiveLock person
-- proves: after 0: SET ROLE pg_monitor; SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person VALUES (1);
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT SELECT ON person TO pg_monitor;
-- migration
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
