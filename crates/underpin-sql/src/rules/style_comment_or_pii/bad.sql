-- migration
CREATE TABLE person (id bigint);
