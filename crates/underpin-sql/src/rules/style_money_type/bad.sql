-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE sale (total money);
