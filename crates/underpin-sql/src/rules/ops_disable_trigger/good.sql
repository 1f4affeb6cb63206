-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ENABLE TRIGGER ALL;
