-- migration
CREATE TABLE person (id int PRIMARY KEY);
DROP TABLE person;
