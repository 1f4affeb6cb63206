-- proves: makes database_list
-- migration
CREATE TABLE database_list (name text);
