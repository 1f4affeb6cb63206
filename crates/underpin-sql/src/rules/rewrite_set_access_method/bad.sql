-- since: 15
-- server: 15
-- given
CREATE TABLE person (id int PRIMARY KEY);
-- migration
ALTER TABLE person SET ACCESS METHOD columnar;
