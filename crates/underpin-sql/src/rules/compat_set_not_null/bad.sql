-- also: FAIL-SET-NOT-NULL-WITH-NULLS, SCAN-SET-NOT-NULL
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
