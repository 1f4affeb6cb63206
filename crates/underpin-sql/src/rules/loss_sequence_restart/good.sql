-- proves: answers: INSERT INTO invoice VALUES (nextval('invoice_id_seq'))
-- given
CREATE TABLE invoice (id int PRIMARY KEY);
CREATE SEQUENCE invoice_id_seq OWNED BY invoice.id;
INSERT INTO invoice VALUES (nextval('invoice_id_seq'));
-- migration
SELECT setval('invoice_id_seq', (SELECT max(id) FROM invoice));
