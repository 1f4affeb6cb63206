-- also: COMPAT-ENUM-VALUE-ADDED, TX-DATA-IN-MIGRATION
-- given
CREATE TYPE mood AS ENUM ('sad');
CREATE TABLE e (id int PRIMARY KEY, note text);
-- migration
ALTER TYPE mood ADD VALUE 'happy';
UPDATE e SET note = 'unhappy' WHERE id = 1;
