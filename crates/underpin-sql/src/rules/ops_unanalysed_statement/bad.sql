-- also: OPS-EXTENSION-VERSION
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER EXTENSION plpgsql UPDATE;
