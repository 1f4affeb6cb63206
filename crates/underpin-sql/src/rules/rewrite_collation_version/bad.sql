-- also: BUILD-ALTER-COLUMN-TYPE-DEPENDANTS, COMPAT-CACHED-PLAN, META-ALTER-COLUMN-TYPE
-- proves: keeps person
-- proves: builds person
-- given
CREATE TABLE person (id int PRIMARY KEY, name text);
CREATE INDEX person_name_idx ON person (name);
-- migration
ALTER TABLE person ALTER COLUMN name TYPE text COLLATE "C";
