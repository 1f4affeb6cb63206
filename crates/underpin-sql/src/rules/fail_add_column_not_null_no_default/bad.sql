-- also: COMPAT-ADD-REQUIRED-COLUMN, COMPAT-CACHED-PLAN
-- proves: fails 23502
-- given
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person VALUES (1);
-- migration
ALTER TABLE person ADD COLUMN email text NOT NULL;
