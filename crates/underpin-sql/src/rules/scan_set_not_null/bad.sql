-- also: COMPAT-SET-NOT-NULL, FAIL-SET-NOT-NULL-WITH-NULLS
-- proves: scans person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
