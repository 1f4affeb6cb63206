-- given
CREATE TABLE invoice (id int PRIMARY KEY);
CREATE TABLE line (id int PRIMARY KEY, invoice_id int REFERENCES invoice);
-- migration
TRUNCATE invoice, line;
