-- unproven: a rate; `./dev bench predict` measures builds on this machine
-- given
CREATE TABLE doc (id int PRIMARY KEY, body jsonb);
-- migration
CREATE INDEX CONCURRENTLY doc_id_idx ON doc (id);
