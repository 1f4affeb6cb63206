-- also: TX-DATA-IN-MIGRATION, TX-UNBATCHED-BACKFILL
-- given
CREATE TABLE session (id int PRIMARY KEY);
-- migration
DELETE FROM session WHERE 1 = 1;
