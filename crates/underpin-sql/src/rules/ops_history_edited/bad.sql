-- facts: {"edited": ["1_it"]}
-- migration
CREATE TABLE person (id int PRIMARY KEY);
