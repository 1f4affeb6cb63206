-- migration
SET LOCAL statement_timeout = '5s';
CREATE TABLE person (id int PRIMARY KEY);
