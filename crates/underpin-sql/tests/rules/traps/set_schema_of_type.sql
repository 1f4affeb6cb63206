-- also: COMPAT-SET-SCHEMA
-- given
CREATE SCHEMA app;
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE e (m mood);
-- migration
ALTER TYPE mood SET SCHEMA app;
