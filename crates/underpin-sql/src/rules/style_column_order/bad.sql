-- migration
CREATE TABLE t (a boolean, b bigint, c boolean, d bigint);
