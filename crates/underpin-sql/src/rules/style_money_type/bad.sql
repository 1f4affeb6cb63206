-- migration
CREATE TABLE sale (total money);
