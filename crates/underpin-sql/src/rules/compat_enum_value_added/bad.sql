-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- migration
ALTER TYPE mood ADD VALUE 'calm';
