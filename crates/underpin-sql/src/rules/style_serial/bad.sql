-- migration
CREATE TABLE event (id serial PRIMARY KEY);
