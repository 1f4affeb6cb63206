-- also: COMPAT-NEW-CONSTRAINT, FAIL-CHECK-VIOLATED, LOCK-ACCESS-EXCLUSIVE-METADATA
-- proves: scans person
-- proves: blocks: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
ALTER TABLE person ADD CONSTRAINT grown CHECK (age > 17) NOT VALID;
ALTER TABLE person VALIDATE CONSTRAINT grown;
