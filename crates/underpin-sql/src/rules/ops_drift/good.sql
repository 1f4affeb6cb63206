-- facts: {"drift": []}
-- migration
CREATE TABLE person (id int PRIMARY KEY);
