-- proves: keeps invoice
-- given
CREATE TABLE invoice (id int PRIMARY KEY, number varchar(20), total numeric(10,2));
-- migration
ALTER TABLE invoice ALTER COLUMN number TYPE text, ALTER COLUMN total TYPE numeric(14,2);
