-- also: COMPAT-REPLACE-ROUTINE
-- proves: locks AccessExclusiveLock adult
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
CREATE VIEW adult AS SELECT id FROM person;
-- migration
CREATE OR REPLACE VIEW adult AS SELECT id FROM person WHERE age > 17;
