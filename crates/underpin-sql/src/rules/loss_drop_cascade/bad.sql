-- proves: after 0: SELECT count(*) FROM information_schema.columns WHERE table_name = 'person' AND column_name = 'mood'
-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE person (id int PRIMARY KEY, mood mood);
-- migration
DROP TYPE mood CASCADE;
