-- proves: rewrites person
-- proves: locks AccessExclusiveLock person
-- given
SET allow_in_place_tablespaces = on;
CREATE TABLESPACE fast LOCATION '';
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person SET TABLESPACE fast;
