-- proves: passes
-- given
CREATE TABLE person (id int PRIMARY KEY, email text);
INSERT INTO person VALUES (1, 'a'), (2, 'a');
-- migration
ALTER TABLE person ADD COLUMN slug text;
CREATE UNIQUE INDEX person_slug_key ON person (slug);
CREATE UNIQUE INDEX person_id_email_key ON person (id, email);
