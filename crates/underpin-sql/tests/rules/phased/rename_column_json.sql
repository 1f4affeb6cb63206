-- proves: after {"a":1}: SELECT data FROM event WHERE id = 1
-- given
CREATE TABLE event (id int PRIMARY KEY, body json);
INSERT INTO event VALUES (1, '{"a":1}'), (2, NULL);
-- migration
ALTER TABLE event RENAME COLUMN body TO data;
