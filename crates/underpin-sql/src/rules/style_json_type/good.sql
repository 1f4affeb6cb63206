-- migration
CREATE TABLE event (body jsonb);
