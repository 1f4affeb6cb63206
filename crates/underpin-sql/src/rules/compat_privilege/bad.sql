-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
REVOKE SELECT ON person FROM PUBLIC;
