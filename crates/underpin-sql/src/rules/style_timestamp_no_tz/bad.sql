-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE event (at timestamp(3));
