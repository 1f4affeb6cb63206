-- migration
CREATE TABLE database_list (name text);
