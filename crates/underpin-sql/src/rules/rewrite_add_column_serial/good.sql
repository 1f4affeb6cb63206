-- migration
CREATE TABLE person (id serial PRIMARY KEY);
