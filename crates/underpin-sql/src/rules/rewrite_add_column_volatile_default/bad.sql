-- also: COMPAT-CACHED-PLAN
-- proves: rewrites person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN token uuid NOT NULL DEFAULT gen_random_uuid();
