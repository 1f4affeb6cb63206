-- also: BUILD-CREATE-INDEX-CONCURRENTLY
-- given
CREATE TABLE doc (id int PRIMARY KEY, body jsonb);
-- migration
CREATE INDEX CONCURRENTLY doc_body_idx ON doc USING gin (body);
