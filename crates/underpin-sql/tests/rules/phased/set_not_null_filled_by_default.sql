-- proves: after 0: SELECT count(*) FROM person WHERE "State" = ''
-- given
CREATE TABLE person (id int PRIMARY KEY, "State" text DEFAULT 'new');
INSERT INTO person VALUES (1, 'old'), (2, 'new');
-- migration
ALTER TABLE person ALTER COLUMN "State" SET NOT NULL;
