CREATE TABLE person (id int PRIMARY KEY, name text, fax text);
CREATE TABLE visit (id int PRIMARY KEY, at timestamptz);
