-- proves: rewrites event
-- given
CREATE TABLE event (id int PRIMARY KEY);
-- migration
ALTER TABLE event SET UNLOGGED;
