-- facts: {"edited": ["9_other"]}
-- migration
CREATE TABLE person (id int PRIMARY KEY);
