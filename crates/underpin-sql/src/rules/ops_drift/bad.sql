-- facts: {"drift": ["index person_email_idx"]}
-- unproven: a claim about the history and the folder, which scenarios/lint and scenarios/plan prove
-- migration
CREATE TABLE person (id int PRIMARY KEY);
