-- migration
CREATE TABLE sale (total numeric(12,2));
