-- proves: after 0: SELECT count(*) FROM line
-- given
CREATE TABLE invoice (id int PRIMARY KEY);
CREATE TABLE line (id int PRIMARY KEY, invoice_id int REFERENCES invoice);
INSERT INTO invoice VALUES (1);
INSERT INTO line VALUES (1, 1);
-- migration
TRUNCATE invoice, line;
