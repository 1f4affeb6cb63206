-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
CREATE POLICY everybody ON person USING (true);
