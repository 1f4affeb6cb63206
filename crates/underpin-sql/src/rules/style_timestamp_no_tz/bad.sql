-- migration
CREATE TABLE event (at timestamp(3));
