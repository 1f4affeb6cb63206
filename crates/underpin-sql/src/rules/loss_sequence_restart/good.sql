-- given
CREATE TABLE invoice (id int PRIMARY KEY);
CREATE SEQUENCE invoice_id_seq OWNED BY invoice.id;
-- migration
SELECT setval('invoice_id_seq', (SELECT max(id) FROM invoice));
