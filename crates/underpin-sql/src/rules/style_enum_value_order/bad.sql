-- also: COMPAT-ENUM-VALUE-ADDED
-- given
CREATE TYPE mood AS ENUM ('sad');
-- migration
ALTER TYPE mood ADD VALUE 'glad';
