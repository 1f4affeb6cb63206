-- proves: locks ShareRowExclusiveLock person
-- proves: blocks: INSERT INTO person VALUES (1)
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
-- migration
CREATE TRIGGER person_touch BEFORE UPDATE ON person FOR EACH ROW EXECUTE FUNCTION touch();
