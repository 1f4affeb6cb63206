-- also: OPS-NOT-RERUNNABLE
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
BEGIN;
CREATE TABLE pet (id int PRIMARY KEY);
COMMIT;
CREATE TABLE toy (id int PRIMARY KEY);
