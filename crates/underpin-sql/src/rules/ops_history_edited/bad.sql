-- facts: {"edited": ["1_it"]}
-- unproven: a claim about the history and the folder, which scenarios/lint and scenarios/plan prove
-- migration
CREATE TABLE person (id int PRIMARY KEY);
