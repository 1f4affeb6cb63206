-- proves: breaks 23503: INSERT INTO person VALUES (1, 5)
-- given
CREATE TABLE team (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY, team_id int REFERENCES team);
-- migration
ALTER TABLE person ENABLE TRIGGER ALL;
