-- proves: rewrites event
-- proves: after u: SELECT relpersistence FROM pg_class WHERE relname = 'event'
-- given
CREATE TABLE event (id int PRIMARY KEY);
-- migration
ALTER TABLE event SET UNLOGGED;
