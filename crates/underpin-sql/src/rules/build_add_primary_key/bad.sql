-- also: FAIL-UNIQUE-WITH-DUPLICATES
-- proves: locks AccessExclusiveLock person
-- proves: builds person
-- given
CREATE TABLE person (id int NOT NULL);
-- migration
ALTER TABLE person ADD CONSTRAINT person_pkey PRIMARY KEY (id);
