-- proves: breaks 42501: SET ROLE pg_monitor; SELECT id FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY);
GRANT USAGE ON SCHEMA public TO PUBLIC;
GRANT SELECT ON person TO PUBLIC;
-- migration
REVOKE SELECT ON person FROM PUBLIC;
