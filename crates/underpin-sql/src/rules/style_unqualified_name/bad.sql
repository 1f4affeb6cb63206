-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE event (id bigint);
