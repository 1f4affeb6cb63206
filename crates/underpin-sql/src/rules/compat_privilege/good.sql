-- proves: answers: SET ROLE pg_monitor; SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
GRANT USAGE ON SCHEMA public TO PUBLIC;
-- migration
GRANT SELECT ON person TO pg_monitor;
