CREATE TABLE invoices (id int PRIMARY KEY, total numeric NOT NULL);
CREATE VIEW big AS SELECT * FROM invoices WHERE total > 1000;
