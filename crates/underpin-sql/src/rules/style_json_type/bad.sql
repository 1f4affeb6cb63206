-- migration
CREATE TABLE event (body json);
