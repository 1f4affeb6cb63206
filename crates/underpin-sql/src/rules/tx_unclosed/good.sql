-- proves: stays t: SELECT to_regclass('pet') IS NOT NULL
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
BEGIN;
CREATE TABLE pet (id int PRIMARY KEY);
END;
