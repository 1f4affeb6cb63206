-- proves: breaks 42601/0A000: ALTER TYPE mood DROP VALUE 'calm'
-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
-- migration
ALTER TYPE mood ADD VALUE 'calm';
