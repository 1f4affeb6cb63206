-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN created timestamp(3) NOT NULL DEFAULT CURRENT_TIMESTAMP, ADD COLUMN n int NOT NULL DEFAULT 0;
