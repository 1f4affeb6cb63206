-- also: COMPAT-DROP-VIEW-OR-ROUTINE
-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE TRIGGER person_touch BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION touch();
-- migration
DROP TRIGGER person_touch ON person;
