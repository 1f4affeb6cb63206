-- proves: breaks 42704: SELECT 'sad'::mood
-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- migration
ALTER TYPE mood RENAME TO feeling;
