-- facts: {"drift": ["index person_email_idx"]}
-- migration
CREATE TABLE person (id int PRIMARY KEY);
