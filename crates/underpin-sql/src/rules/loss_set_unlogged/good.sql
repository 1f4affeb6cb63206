-- proves: makes cache
-- migration
CREATE UNLOGGED TABLE cache (id int PRIMARY KEY);
