-- given
CREATE TABLE setting (key text PRIMARY KEY, value text);
-- migration
CREATE TABLE IF NOT EXISTS setting (key text PRIMARY KEY, value text);
