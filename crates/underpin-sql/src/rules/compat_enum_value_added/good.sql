-- unproven: the type is made here: no application knows it yet
-- migration
CREATE TYPE mood AS ENUM ('sad', 'happy');
ALTER TYPE mood ADD VALUE 'calm';
