-- migration
CREATE TABLE event (id bigint);
