ALTER TABLE person ADD COLUMN mail text;
CREATE UNIQUE INDEX person_mail_key ON person (mail);
UPDATE person SET mail = 'hidden@example.org' WHERE name IS NULL;
