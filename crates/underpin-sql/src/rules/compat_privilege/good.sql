-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
GRANT SELECT ON person TO postgres;
