-- proves: fails 42601
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABEL person ADD COLUMN email text;
