-- proves: skips person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
CREATE TABLE person_copy AS SELECT * FROM person WITH NO DATA;
