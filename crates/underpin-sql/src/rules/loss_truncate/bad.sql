-- proves: locks AccessExclusiveLock session
-- proves: after 0: SELECT count(*) FROM session
-- given
CREATE TABLE session (id int PRIMARY KEY);
INSERT INTO session VALUES (1);
-- migration
TRUNCATE session;
