-- proves: reuses person
-- given
CREATE TABLE person (id int NOT NULL);
CREATE UNIQUE INDEX person_pkey ON person (id);
-- migration
ALTER TABLE person ADD CONSTRAINT person_pkey PRIMARY KEY USING INDEX person_pkey;
