-- migration
CREATE TABLE person (nick varchar(20));
