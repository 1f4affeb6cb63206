-- also: LOCK-CREATE-TRIGGER
-- proves: locks ShareRowExclusiveLock person
-- proves: answers: INSERT INTO person VALUES (1, 5)
-- given
CREATE TABLE team (id int PRIMARY KEY);
CREATE TABLE person (id int PRIMARY KEY, team_id int REFERENCES team);
-- migration
ALTER TABLE person DISABLE TRIGGER ALL;
