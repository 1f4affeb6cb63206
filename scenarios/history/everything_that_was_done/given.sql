-- The first migration ran by hand, and there is no history.
CREATE TABLE person (id int PRIMARY KEY, name text);
INSERT INTO person VALUES (1, NULL), (2, NULL);
