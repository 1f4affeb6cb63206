-- facts: {"tables": {"person": {"bytes": 9000000000}}}
-- unproven: a limit that people have agreed on
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
CREATE INDEX CONCURRENTLY person_email_idx ON person (email);
