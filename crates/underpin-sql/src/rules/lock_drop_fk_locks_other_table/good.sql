-- proves: locks AccessExclusiveLock note
-- given
CREATE TABLE note (id int PRIMARY KEY, parent_id int REFERENCES note (id));
-- migration
DROP TABLE note;
