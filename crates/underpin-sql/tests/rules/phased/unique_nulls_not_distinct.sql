-- since: 15
-- server: 15
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'a'), (2, NULL);
-- migration
ALTER TABLE person ADD CONSTRAINT one UNIQUE NULLS NOT DISTINCT (email);
