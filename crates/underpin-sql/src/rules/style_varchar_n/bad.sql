-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE person (nick varchar(20));
