-- migration
CREATE TABLE users (id bigint);
