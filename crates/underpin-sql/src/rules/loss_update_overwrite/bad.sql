-- also: TX-DATA-IN-MIGRATION, TX-UNBATCHED-BACKFILL
-- proves: after a@b: SELECT email FROM person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'A@b');
-- migration
UPDATE person SET email = lower(email);
