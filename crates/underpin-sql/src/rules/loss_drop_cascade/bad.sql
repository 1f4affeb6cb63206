-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE person (id int PRIMARY KEY, mood mood);
-- migration
DROP TYPE mood CASCADE;
