-- given
CREATE TABLE person (id int PRIMARY KEY, state text);
-- migration
ALTER TABLE person ALTER COLUMN state SET DEFAULT 'new';
