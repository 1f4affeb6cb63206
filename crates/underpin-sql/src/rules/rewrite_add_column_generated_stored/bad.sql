-- also: COMPAT-CACHED-PLAN
-- proves: rewrites person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN email_lower text GENERATED ALWAYS AS (lower(email)) STORED;
