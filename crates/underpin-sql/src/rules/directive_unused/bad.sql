-- also: COMPAT-CACHED-PLAN, LOCK-ACCESS-EXCLUSIVE-METADATA
-- unproven: a claim about a comment, not about the server
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
-- underpin: allow LOSS-DROP-TABLE nobody reads it
ALTER TABLE person ADD COLUMN nick text;
