-- migration
CREATE DOMAIN email AS text;
