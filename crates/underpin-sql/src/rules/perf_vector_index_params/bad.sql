-- migration
CREATE TABLE doc (id int PRIMARY KEY, v vector(3));
CREATE INDEX doc_v_idx ON doc USING ivfflat (v);
