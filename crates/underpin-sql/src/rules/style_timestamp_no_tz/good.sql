-- migration
CREATE TABLE event (at timestamptz(3));
