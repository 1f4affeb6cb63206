-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- migration
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';
