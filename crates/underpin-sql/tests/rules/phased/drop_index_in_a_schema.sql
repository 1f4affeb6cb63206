-- given
CREATE SCHEMA app;
CREATE TABLE app.post (id int PRIMARY KEY, body text);
CREATE INDEX "Body" ON app.post (body);
-- migration
DROP INDEX app."Body";
