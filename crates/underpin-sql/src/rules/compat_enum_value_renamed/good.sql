-- unproven: the type is made here: no application knows it yet
-- migration
CREATE TYPE mood AS ENUM ('sad', 'happy');
ALTER TYPE mood RENAME VALUE 'sad' TO 'unhappy';
