-- also: OPS-EXTENSION-VERSION
-- unproven: it says that nothing is claimed
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER EXTENSION plpgsql UPDATE;
