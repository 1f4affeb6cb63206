-- proves: locks AccessExclusiveLock booking
-- proves: builds booking
-- proves: blocks: SELECT count(*) FROM booking
-- given
CREATE TABLE booking (id int PRIMARY KEY, during tsrange);
-- migration
ALTER TABLE booking ADD CONSTRAINT no_overlap EXCLUDE USING gist (during WITH &&);
