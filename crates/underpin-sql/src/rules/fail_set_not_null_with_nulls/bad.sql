-- also: COMPAT-SET-NOT-NULL, SCAN-SET-NOT-NULL
-- proves: fails 23502
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, NULL);
-- migration
ALTER TABLE person ALTER COLUMN email SET NOT NULL;
