-- also: OPS-DDL-IN-DO-BLOCK
-- given
CREATE TABLE e (id int PRIMARY KEY);
-- migration
DO $$ BEGIN CREATE TYPE mood AS ENUM ('sad'); EXCEPTION WHEN duplicate_object THEN NULL; END $$;
