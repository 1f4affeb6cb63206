-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person ALTER COLUMN id SET STATISTICS 100;
