-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
BEGIN;
CREATE TABLE pet (id int PRIMARY KEY);
COMMIT;
