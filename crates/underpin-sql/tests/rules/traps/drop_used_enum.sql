-- also: FAIL-DEPENDENT-OBJECT
-- proves: fails 2BP01
-- given
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE e (m mood);
-- migration
DROP TYPE mood;
