-- also: COMPAT-DROP-TABLE, LOSS-DROP-TABLE
-- given
CREATE TABLE setting (key text PRIMARY KEY, value text);
-- migration
DROP TABLE IF EXISTS setting;
CREATE TABLE setting (key text PRIMARY KEY, value jsonb, changed timestamptz);
