-- also: TX-DATA-IN-MIGRATION, TX-UNBATCHED-BACKFILL
-- proves: after 0: SELECT count(*) FROM session
-- given
CREATE TABLE session (id int PRIMARY KEY);
INSERT INTO session VALUES (1);
-- migration
DELETE FROM session WHERE 1 = 1;
