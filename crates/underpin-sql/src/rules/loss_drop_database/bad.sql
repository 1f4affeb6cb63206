-- runner: underpin
-- given
CREATE TABLE t (id int);
-- migration
DROP DATABASE shop;
