-- proves: after b: SELECT value FROM setting
-- given
CREATE TABLE setting (key text PRIMARY KEY, value text);
INSERT INTO setting VALUES ('a', 'b');
-- migration
CREATE TABLE IF NOT EXISTS setting (key text PRIMARY KEY, value text);
