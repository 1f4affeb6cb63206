-- proves: makes person
-- migration
CREATE TABLE person (id int PRIMARY KEY) TABLESPACE pg_default;
