-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- proves: after 0: SELECT count(*) FROM setting
-- given
CREATE TABLE setting (key text PRIMARY KEY, value text);
INSERT INTO setting VALUES ('a', 'b');
-- migration
DROP TABLE IF EXISTS setting;
CREATE TABLE setting (key text PRIMARY KEY, value jsonb, changed timestamptz);
