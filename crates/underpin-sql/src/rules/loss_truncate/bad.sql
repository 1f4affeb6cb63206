-- proves: locks AccessExclusiveLock session
-- given
CREATE TABLE session (id int PRIMARY KEY);
-- migration
TRUNCATE session;
