-- proves: makes adult
-- given
CREATE TABLE person (id int PRIMARY KEY, age int);
-- migration
CREATE OR REPLACE VIEW adult AS SELECT id FROM person WHERE age > 17;
