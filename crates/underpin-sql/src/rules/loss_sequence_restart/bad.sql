-- given
CREATE TABLE invoice (id int PRIMARY KEY);
CREATE SEQUENCE invoice_id_seq OWNED BY invoice.id;
-- migration
ALTER SEQUENCE invoice_id_seq RESTART WITH 1;
