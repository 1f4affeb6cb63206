-- proves: breaks 22P02: SELECT 'sad'::mood
-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- migration
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';
