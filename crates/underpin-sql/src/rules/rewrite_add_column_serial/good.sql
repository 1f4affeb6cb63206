-- proves: makes person
-- migration
CREATE TABLE person (id serial PRIMARY KEY);
