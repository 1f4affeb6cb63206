-- proves: locks AccessExclusiveLock booking
-- given
CREATE TABLE booking (id int PRIMARY KEY, during tsrange);
-- migration
ALTER TABLE booking ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&);
