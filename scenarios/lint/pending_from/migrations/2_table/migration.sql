CREATE TABLE b (id int PRIMARY KEY, x int);
