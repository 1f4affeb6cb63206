-- proves: keeps cache
-- given
CREATE TABLE cache (id int PRIMARY KEY);
-- migration
ALTER TABLE cache SET LOGGED;
