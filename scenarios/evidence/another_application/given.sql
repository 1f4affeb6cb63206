CREATE TABLE invoices (id int PRIMARY KEY, total numeric NOT NULL);
CREATE TABLE lines (id int PRIMARY KEY, invoice int REFERENCES invoices);
