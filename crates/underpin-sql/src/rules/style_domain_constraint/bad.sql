-- migration
CREATE DOMAIN email AS text CHECK (VALUE LIKE '%@%');
