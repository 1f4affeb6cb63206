-- also: FAIL-OBJECT-STATE-MISMATCH
-- proves: fails 42710
-- given
CREATE TYPE mood AS ENUM ('sad');
-- migration
CREATE TYPE mood AS ENUM ('glad');
