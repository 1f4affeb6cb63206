-- also: OPS-UNANALYSED-STATEMENT
-- migration
CREATE TABLE event (body json);
