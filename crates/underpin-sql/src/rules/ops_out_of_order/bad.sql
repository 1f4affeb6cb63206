-- facts: {"out_of_order": ["1_it"]}
-- migration
CREATE TABLE person (id int PRIMARY KEY);
