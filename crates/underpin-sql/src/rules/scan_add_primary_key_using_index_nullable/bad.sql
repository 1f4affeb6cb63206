-- proves: scans person
-- given
CREATE TABLE person (id int);
CREATE UNIQUE INDEX person_id_idx ON person (id);
-- migration
ALTER TABLE person ADD CONSTRAINT person_pkey PRIMARY KEY USING INDEX person_id_idx;
