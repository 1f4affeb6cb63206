-- migration
CREATE TABLE t (b bigint, d bigint, a boolean, c boolean);
