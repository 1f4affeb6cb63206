-- migration
CREATE TABLE event (id int PRIMARY KEY);
