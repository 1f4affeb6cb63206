-- server: 18
-- since: 18
-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
-- migration
ALTER TABLE person ADD COLUMN email_lower text GENERATED ALWAYS AS (lower(email)) VIRTUAL;
