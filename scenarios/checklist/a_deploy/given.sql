CREATE TABLE person (id int PRIMARY KEY, mail text);
INSERT INTO person VALUES (1, 'a'), (2, 'a');
