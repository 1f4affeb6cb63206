-- proves: after 1: SELECT count(*) FROM person
-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE person (id int PRIMARY KEY, mood text);
INSERT INTO person VALUES (1, 'sad');
-- migration
DROP TYPE mood;
