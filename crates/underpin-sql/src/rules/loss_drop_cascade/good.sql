-- given
CREATE TYPE mood AS ENUM ('sad', 'happy');
CREATE TABLE person (id int PRIMARY KEY, mood text);
-- migration
DROP TYPE mood;
