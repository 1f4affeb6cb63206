-- migration
CREATE TABLE person (nick text);
