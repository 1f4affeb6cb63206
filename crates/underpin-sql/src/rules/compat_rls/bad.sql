-- also: LOCK-POLICY-OR-RULE, OPS-UNANALYSED-STATEMENT
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ENABLE ROW LEVEL SECURITY;
