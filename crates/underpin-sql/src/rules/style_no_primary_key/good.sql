-- migration
CREATE TABLE event (id bigint PRIMARY KEY);
