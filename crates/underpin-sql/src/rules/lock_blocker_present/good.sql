-- facts: {"blockers": [{"table": "person", "what": "backend 4711, idle in transaction for 2 h"}]}
-- proves: lets: SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
CREATE TABLE pet (id int PRIMARY KEY);
-- migration
ALTER TABLE pet ADD COLUMN nick text;
