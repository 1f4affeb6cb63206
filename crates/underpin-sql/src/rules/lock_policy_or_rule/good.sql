-- proves: makes person
-- migration
CREATE TABLE person (id int PRIMARY KEY, owner text);
CREATE POLICY own_rows ON person USING (owner = current_user);
