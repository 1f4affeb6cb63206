-- proves: after 1: SET ROLE pg_monitor; SELECT count(*) FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
INSERT INTO person VALUES (1);
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT SELECT ON person TO pg_monitor;
-- migration
CREATE POLICY everybody ON person USING (true);
