-- also: COMPAT-ENUM-VALUE-ADDED, FAIL-OBJECT-STATE-MISMATCH
-- proves: fails 42710
-- given
CREATE TYPE mood AS ENUM ('sad');
-- migration
ALTER TYPE mood ADD VALUE 'sad';
