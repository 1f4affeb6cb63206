-- also: LOCK-ACCESS-EXCLUSIVE-METADATA, LOCK-POLICY-OR-RULE
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
