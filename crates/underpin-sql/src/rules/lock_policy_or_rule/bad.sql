-- proves: locks AccessExclusiveLock person
-- given
CREATE TABLE person (id int PRIMARY KEY, owner text);
-- migration
CREATE POLICY own_rows ON person USING (owner = current_user);
