-- server: 13
-- proves: keeps person
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ADD COLUMN n int NOT NULL DEFAULT 0;
