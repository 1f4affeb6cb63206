-- proves: rewrites cache
-- given
CREATE UNLOGGED TABLE cache (id int PRIMARY KEY);
-- migration
ALTER TABLE cache SET LOGGED;
