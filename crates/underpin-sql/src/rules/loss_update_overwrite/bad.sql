-- also: TX-DATA-IN-MIGRATION, TX-UNBATCHED-BACKFILL
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
UPDATE person SET email = lower(email);
