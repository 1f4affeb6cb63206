-- facts: {"out_of_order": []}
-- migration
CREATE TABLE person (id int PRIMARY KEY);
