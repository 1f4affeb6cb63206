-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE event (id int PRIMARY KEY);
